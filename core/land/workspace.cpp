#include "core/land/workspace.hpp"

#include <cdctl/digest.hpp>
#include <cdctl/fs.hpp>

namespace cdctl::land {

namespace fs = std::filesystem;

namespace {

/// A test may have taken our own right to remove what it made.
void clear_away(const fs::path& path) {
  if (remove_tree(path)) return;
  std::error_code error;
  for (fs::recursive_directory_iterator
           at(path, fs::directory_options::skip_permission_denied, error),
       end;
       !error && at != end; at.increment(error)) {
    std::error_code ignored;
    if (at->is_directory(ignored) && !at->is_symlink(ignored))
      fs::permissions(at->path(), fs::perms::owner_all, fs::perm_options::add, ignored);
  }
  (void)remove_tree(path);
}

/// Takes what others have left behind who are no more.
void sweep(const fs::path& folder) {
  std::error_code error;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    if (at->path().extension() != ".lock") continue;
    const auto lock = FileLock::acquire(at->path(), Deadline(Millis(0)));
    if (!lock || !*lock) continue;
    auto left = at->path();
    clear_away(left.replace_extension());
    std::error_code ignored;
    fs::remove(at->path(), ignored);
  }
}

}  // namespace

Result<Workspace> Workspace::make(const fs::path& folder) {
  CDCTL_TRY(make_directories(folder, 0700));
  sweep(folder);
  const auto path = folder / random_hex(8);
  CDCTL_TRY_ASSIGN(auto lock,
                   FileLock::acquire(path.string() + ".lock", Deadline(std::chrono::seconds(5))));
  if (!lock) return fail(ExitCode::unknown, "locking " + path.string());
  for (const auto* part : {"home", "tmp"}) CDCTL_TRY(make_directories(path / part, 0700));
  return Workspace(path, std::move(*lock));
}

Workspace::~Workspace() {
  if (!lock_) return;
  clear_away(path_);
  std::error_code ignored;
  fs::remove(path_.string() + ".lock", ignored);
}

}  // namespace cdctl::land
