#include "plugins/juju/sets/set_folder.hpp"

#include <cerrno>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

#include <fmt/format.h>

#include <cdctl/fs.hpp>
#include <cdctl/json.hpp>
#include <cdctl/stop.hpp>

#include "plugins/juju/client/wait.hpp"
#include "plugins/juju/model/models.hpp"

namespace cdctl::juju {

Result<OfdLock> lock_set(const SetFolder& folder, const Deadline& deadline) {
  const auto name = folder.path.filename().string();
  for (;;) {
    CDCTL_TRY(make_directories(folder.path, 0700));
    // In slices, so that a Ctrl-C is heard
    auto lock = OfdLock::acquire(folder.lock(), deadline.at_most(Millis(100)));
    if (lock && *lock && (*lock)->still_at(folder.lock())) return std::move(**lock);
    std::error_code error;
    if (!lock && std::filesystem::exists(folder.path, error)) return std::unexpected(lock.error());
    if (Stop::requested()) return fail(stopped("waiting for " + name));
    if (deadline.passed())
      return fail(ExitCode::timeout, fmt::format("waiting for {}: another deploy or reap of it is "
                                                 "at work on this machine; try again later",
                                                 name));
  }
}

bool at_work(const SetFolder& folder) {
  const Fd fd(::open(folder.path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.valid()) return errno != ENOENT;
  return OfdLock::held(fd.get(), "lock").value_or(true);
}

Result<> remove_set_files(const SetFolder& folder, const std::filesystem::path& work) {
  CDCTL_TRY(remove_tree(folder.secrets()));
  CDCTL_TRY(remove_tree(work));
  std::error_code error;
  std::vector<std::filesystem::path> rest;
  for (const auto& entry : std::filesystem::directory_iterator(folder.path, error))
    if (entry.path() != folder.lock() && entry.path() != folder.reaping())
      rest.push_back(entry.path());
  for (const auto& path : rest) CDCTL_TRY(remove_tree(path));
  // Last what says that it was being reaped: a reap that is killed here is found again
  for (const auto& path : {folder.reaping(), folder.lock()}) CDCTL_TRY(remove_tree(path));
  (void)::rmdir(
      folder.path.c_str());  // not empty: a deploy of the same set has come in, and owns it now
  return {};
}

std::optional<Reaping> read_reaping(const SetFolder& folder) {
  const auto text = read_file_if_there(folder.reaping());
  if (!text || !*text) return {};
  const auto json = Json::parse(**text);
  if (!json || !valid_uuid((*json)["model"].view())) return {};
  // Without it nothing says whether the whole model may go
  const auto& application = (*json)["application"];
  if (!application.is_string() ||
      (!application.view().empty() && !valid_application_name(application.view())))
    return {};
  const auto since = parse_rfc3339((*json)["since"].view());
  if (!since) return {};
  return Reaping{(*json)["model"].as_string(), (*json)["user"].as_string(),
                 (*json)["all"].as_bool(), *since, application.as_string()};
}

Result<> write_reaping(const SetFolder& folder, const Reaping& reaping) {
  CDCTL_TRY(make_directories(folder.path, 0700));
  const auto json = Json::object({{"model", reaping.model},
                                  {"user", reaping.user},
                                  {"all", reaping.all},
                                  {"since", to_rfc3339(reaping.since)},
                                  {"application", reaping.application}});
  return write_file_atomically(folder.reaping(), json.dump() + "\n", 0600);
}

}  // namespace cdctl::juju
