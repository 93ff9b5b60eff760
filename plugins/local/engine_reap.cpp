// The end of a set: stop it, prove that nothing of it is left, remove it.

#include <array>
#include <cerrno>

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <fmt/format.h>

#include <cdctl/set_name.hpp>
#include <cdctl/stop.hpp>

#include "plugins/local/engine.hpp"
#include "plugins/local/entry.hpp"

namespace cdctl::local {

namespace {

/// Makes the file `reaping`. On a disk so full that no name can be made, one that we no longer need
/// gets it.
Result<> mark_reaping(const SetPaths& paths) {
  const auto mark = paths / k_reaping;
  const Fd fd(::open(mark.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  if (fd.valid()) {
    if (const Fd folder(::open(paths.folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        folder.valid())
      ::fsync(folder.get());
    return {};
  }
  const int error = errno;
  for (const char* spare : {k_finished, k_attempts, k_status}) {
    if (::rename((paths / spare).c_str(), mark.c_str()) == 0) return {};
  }
  return fail(fmt::format("creating {}: {}", mark.string(), errno_text(error)));
}

Result<> remove_one(const std::filesystem::path& path) {
  if (::unlink(path.c_str()) == 0 || errno == ENOENT) return {};
  return fail(fmt::format("removing {}: {}", path.string(), errno_text(errno)));
}

/// Everything but what says that this is a set, and one that is being reaped: a reap that is killed
/// here is found again.
Result<> empty_folder(const SetPaths& paths) {
  CDCTL_TRY(remove_tree(paths / k_secrets));
  CDCTL_TRY(remove_one(paths / k_run));
  crash_point("local.destroy.secrets");
  DIR* const dir = ::opendir(paths.folder.c_str());
  if (!dir) return fail(fmt::format("listing {}: {}", paths.folder.string(), errno_text(errno)));
  Result<> out;
  while (const auto* entry = ::readdir(dir)) {
    const std::string_view name(entry->d_name);
    if (name == "." || name == ".." || name == k_record || name == k_reaping || name == k_lock ||
        name == k_op)
      continue;
    if (auto removed = remove_tree(paths / name); !removed && out) out = removed;
  }
  ::closedir(dir);
  return out;
}

Result<> remove_folder(const SetPaths& paths) {
  CDCTL_TRY(empty_folder(paths));
  crash_point("local.destroy.emptied");
  for (const char* name : {k_record, k_op, k_reaping, k_lock}) {
    CDCTL_TRY(remove_one(paths / name));
    crash_point("local.destroy.removed");
  }
  // Not empty: a deploy of the same set has come in meanwhile, and owns the folder now
  if (::rmdir(paths.folder.c_str()) == 0 || errno == ENOENT || errno == ENOTEMPTY ||
      errno == EEXIST)
    return {};
  return fail(fmt::format("removing {}: {}", paths.folder.string(), errno_text(errno)));
}

}  // namespace

Result<Step> LocalEngine::do_stop(const SetName& set, Millis grace, const Deadline& deadline) {
  const auto paths = home_.set(set);
  CDCTL_TRY_ASSIGN(const auto lock, enter(paths, k_lock, deadline));
  if (!lock) return Step{"local", false};
  CDCTL_TRY_ASSIGN(const auto op, enter(paths, k_op, deadline));
  if (!op) return Step{"local", false};
  CDCTL_TRY_ASSIGN(const auto before, read_set(paths, true));
  if (before.debris() && !before.reaping) {
    CDCTL_TRY(remove_folder(paths));
    return Step{"local", false};
  }
  if (!before.reaping) CDCTL_TRY(mark_reaping(paths));
  crash_point("local.stop.marked");
  CDCTL_TRY_ASSIGN(const auto halted, halt(paths, set, home_.id(), grace, deadline));
  crash_point("local.stop.halted");
  return Step{"local", halted.anything || !before.reaping};
}

Result<> LocalEngine::prove_gone(const SetPaths& paths, const Halted& halted) const {
  if (halted.proven) return {};
  const auto suspects = suspects_in(paths.folder);
  if (suspects.empty()) return {};
  return fail(
      fmt::format("its supervisor was killed and there is no cgroup; process {} works in {} and "
                  "may be a worker: end it, then reap again",
                  name_them(suspects), paths.folder.string()));
}

Result<Step> LocalEngine::do_destroy(const SetName& set, const Deadline& deadline) {
  const auto paths = home_.set(set);
  const auto context = "removing " + set.str();
  CDCTL_TRY_ASSIGN(const auto lock, enter(paths, k_lock, deadline));
  if (!lock) return Step{"local", false};
  CDCTL_TRY_ASSIGN(const auto op, enter(paths, k_op, deadline));
  if (!op) return Step{"local", false};
  CDCTL_TRY_ASSIGN(const auto before, read_set(paths, true));
  if (!before.reaping && !before.debris()) {
    return fail(
        ExitCode::refused,
        context +
            ": it is not being reaped, perhaps it was deployed again meanwhile; stop it first");
  }
  CDCTL_TRY_ASSIGN(const auto halted, halt(paths, set, home_.id(), Millis(0), deadline));
  if (auto gone = prove_gone(paths, halted); !gone) return fail(gone.error().in(context));
  crash_point("local.destroy.proven");
  if (auto removed = remove_folder(paths); !removed) return fail(removed.error().in(context));
  return Step{"local", !before.debris(),
              Json::object({{"proof", halted.proven ? "kernel" : "sweep"}})};
}

}  // namespace cdctl::local
