#include "plugins/local/removal.hpp"

#include <cerrno>

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

#include <cdctl/fs.hpp>
#include <cdctl/stop.hpp>

#include "plugins/local/process_tracker.hpp"
#include "plugins/local/set_files.hpp"

namespace cdctl::local {

namespace {
constexpr Millis k_between_looks(100);
}  // namespace

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
    if (::rename((paths / spare).c_str(), mark.c_str()) != 0) continue;
    ::utimensat(AT_FDCWD, mark.c_str(), nullptr, 0);  // begun now, however old the file is
    return {};
  }
  return fail(fmt::format("creating {}: {}", mark.string(), errno_text(error)));
}

std::optional<Time> reaping_since(const SetPaths& paths) {
  struct stat info{};
  if (::stat((paths / k_reaping).c_str(), &info) != 0) return {};
  return Time(std::chrono::duration_cast<Millis>(std::chrono::seconds(info.st_mtim.tv_sec) +
                                                 std::chrono::nanoseconds(info.st_mtim.tv_nsec)));
}

namespace {

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

}  // namespace

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

Result<> prove_gone(const SetPaths& paths, const Halted& halted) {
  if (halted.proven) return {};
  const auto suspects = suspects_in(paths.folder);
  if (suspects.empty()) return {};
  return fail(
      fmt::format("its supervisor was killed and there is no cgroup; process {} works in {} and "
                  "may be a worker: end it, then reap again",
                  name_them(suspects), paths.folder.string()));
}

std::string unproven(const SetPaths& paths, const Halted& halted) {
  if (halted.proven) return {};
  const auto record = read_tracker(paths);
  struct stat folder{};
  if (!record || !*record || ::stat(paths.folder.c_str(), &folder) != 0) return {};
  if ((*record)->supervisor.start == 0)
    return "it is removed, but its supervisor was killed, there is no cgroup, and what it wrote "
           "down is damaged, so that it cannot be proven that no process of it is left";
  auto strays = strays_since((*record)->supervisor, folder.st_uid);
  // Most come and go: those of others, and what is ours and dying
  for (int look = 0; look < 5 && !strays.empty(); ++look) {
    if (!pause_for(k_between_looks)) break;
    std::erase_if(strays, [](const ProcessInfo& process) { return !runs(process); });
  }
  if (strays.empty()) return {};
  return fmt::format(
      "it is removed, but its supervisor was killed and there is no cgroup, so that it cannot be "
      "proven that no process of it is left: {} started since and may be of it; end what is",
      name_them(strays));
}

}  // namespace cdctl::local
