#include "plugins/juju/sets/set_lock.hpp"

#include <algorithm>
#include <csignal>
#include <vector>

#include <poll.h>
#include <unistd.h>

#include <fmt/format.h>

#include <cdctl/lock.hpp>
#include <cdctl/set_name.hpp>
#include <cdctl/stop.hpp>

namespace cdctl::juju {

Error stopped(std::string_view doing) {
  return {Stop::signal() == SIGTERM ? ExitCode::terminated : ExitCode::interrupted,
          fmt::format("{}: interrupted", doing)};
}

Result<> wait_a_while(Millis most, const Deadline& deadline, std::string_view doing) {
  if (Stop::requested()) return fail(stopped(doing));
  pollfd stop{Stop::fd(), POLLIN, 0};
  (void)::poll(&stop, 1, static_cast<int>(std::min(most, deadline.left()).count()));
  if (Stop::requested()) return fail(stopped(doing));
  return {};
}

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

Result<> remove_set_files(const Place& place, const SetName& set) {
  const auto folder = place.set(set);
  CDCTL_TRY(remove_tree(folder.secrets()));
  CDCTL_TRY(remove_tree(place.work(set)));
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

}  // namespace cdctl::juju
