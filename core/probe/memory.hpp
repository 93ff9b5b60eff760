#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include <cdctl/fs.hpp>
#include <cdctl/json.hpp>
#include <cdctl/lock.hpp>

namespace cdctl::probe {

/// What a probe keeps from one look to the next, in the home's `probes/NAME.json` (0600): from cron
/// it has rates too. Held by one process at a time, so that two probes of a home count nothing
/// twice.
class ProbeMemory {
 public:
  /// Waits for whoever holds it; exit code `timeout` at the deadline. A file that cannot be read as
  /// JSON is begun anew.
  [[nodiscard]] static Result<ProbeMemory> open(const std::filesystem::path& home,
                                                const std::string& name, const Deadline& deadline);
  /// Writes `value`; the file is the old one or the new one, whatever happens.
  [[nodiscard]] Result<> store();

  Json value;

 private:
  std::filesystem::path file_;
  std::optional<FileLock> lock_;
};

}  // namespace cdctl::probe
