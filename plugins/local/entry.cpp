#include "plugins/local/entry.hpp"

#include <csignal>

#include <sys/stat.h>

#include <fmt/format.h>

#include <cdctl/lock.hpp>
#include <cdctl/stop.hpp>

namespace cdctl::local {

namespace {

std::string name_of(const SetPaths& paths) { return paths.folder.filename().string(); }

bool there(const SetPaths& paths) {
  struct stat info{};
  return ::stat(paths.folder.c_str(), &info) == 0;
}

std::unexpected<Error> too_long(const SetPaths& paths, const char* lock) {
  const auto who = lock == std::string_view(k_lock) ? "another deploy or reap of it is at work"
                                                    : "another step on it is at work";
  return fail(ExitCode::timeout,
              fmt::format("waiting for {}: {}; try again later", name_of(paths), who));
}

}  // namespace

Result<std::optional<OfdLock>> enter(const SetPaths& paths, const char* name,
                                     const Deadline& deadline) {
  const auto path = paths / name;
  while (there(paths)) {
    // In slices, so that a Ctrl-C is heard
    auto lock = OfdLock::acquire(path, deadline.at_most(Millis(100)));
    if (!lock) {
      if (!there(paths)) continue;
      return std::unexpected(lock.error());
    }
    if (*lock && (*lock)->still_at(path)) return lock;
    if (Stop::requested()) {
      return fail(Stop::signal() == SIGINT ? ExitCode::interrupted : ExitCode::terminated,
                  fmt::format("waiting for {}: asked to stop", name_of(paths)));
    }
    if (deadline.passed()) return too_long(paths, name);
  }
  return std::optional<OfdLock>();
}

Result<OfdLock> enter_or_make(const SetPaths& paths, const char* name, const Deadline& deadline) {
  for (;;) {
    CDCTL_TRY(make_directories(paths.folder, 0700));
    crash_point("local.claim.folder");
    CDCTL_TRY_ASSIGN(auto lock, enter(paths, name, deadline));
    if (lock) return std::move(*lock);
    if (deadline.passed()) return too_long(paths, name);
  }
}

}  // namespace cdctl::local
