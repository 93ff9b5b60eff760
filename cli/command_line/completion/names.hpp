#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <cdctl/json.hpp>
#include <cdctl/set_name.hpp>

#include "core/fleet/fleet.hpp"

namespace cdctl::cli::completion {

/// A set as completion shows it.
struct KnownSet {
  SetName name;
  bool newest = false;
  bool here = false;  ///< of this machine's own engine
  std::string note;   ///< `live`, `live, cut`
};

/// The names of sets as they were last seen, kept in the home: one file for each configuration.
class NamesCache {
 public:
  NamesCache(const std::filesystem::path& home, const std::filesystem::path& config);

  struct Kept {
    std::vector<KnownSet> sets;
    bool fresh = false;  ///< so young that nobody needs to be asked
  };
  /// Nothing when they are older than a day.
  [[nodiscard]] Kept read() const;
  /// Replaces the file. Nothing is made where there is no home, and nobody hears of a failure: it
  /// is a convenience.
  void write(const std::vector<KnownSet>& sets) const;
  [[nodiscard]] std::filesystem::path lock_file() const;

  [[nodiscard]] static std::string to_text(const std::vector<KnownSet>& sets);
  [[nodiscard]] static std::vector<KnownSet> from_text(std::string_view text);

 private:
  std::filesystem::path home_, file_;
};

struct Seen {
  std::vector<KnownSet> sets;
  bool whole = true;  ///< every service could be asked
};
/// The sets that a fleet has seen. Those of services that could not be asked are taken from
/// `before`.
[[nodiscard]] Seen seen(fleet::Fleet& fleet, const std::vector<KnownSet>& before);
/// Keeps them for completion, after a command has listed everything; only when nothing is missing.
void remember(const app::Context& context, fleet::Fleet& fleet);

}  // namespace cdctl::cli::completion
