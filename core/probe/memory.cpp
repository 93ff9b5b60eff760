#include "core/probe/memory.hpp"

#include <fmt/format.h>

#include <cdctl/lock.hpp>
#include <cdctl/stop.hpp>
#include <cdctl/text.hpp>

namespace cdctl::probe {

Result<ProbeMemory> ProbeMemory::open(const std::filesystem::path& home, const std::string& name,
                                      const Deadline& deadline) {
  if (!valid_word(name))
    return fail(ExitCode::config, fmt::format("'{}' is no probe name", printable(name, 40)));
  ProbeMemory out;
  const auto folder = home / "probes";
  CDCTL_TRY(make_directories(folder, 0700));
  out.file_ = folder / (name + ".json");
  CDCTL_TRY_ASSIGN(out.lock_, FileLock::acquire(folder / (name + ".lock"), deadline));
  if (!out.lock_)
    return fail(ExitCode::timeout, fmt::format("waiting for {}: another probe holds it",
                                               (folder / (name + ".lock")).string()));
  CDCTL_TRY_ASSIGN(const auto text, read_file_if_there(out.file_));
  if (text)
    if (auto json = Json::parse(*text)) out.value = std::move(*json);
  return out;
}

Result<> ProbeMemory::store() {
  crash_point("probe.memory");
  return write_file_atomically(file_, value.dump() + "\n", 0600);
}

}  // namespace cdctl::probe
