#include "plugins/bzr/emptied_folder.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <system_error>

#include <fmt/format.h>
#include <unistd.h>

#include <cdctl/fs.hpp>

namespace cdctl::bzr {

namespace fs = std::filesystem;

namespace {

/// Whether a folder that can be read has nothing else in it.
template <class Names>
bool holds_only(const fs::path& folder, const Names& names) {
  std::error_code error;
  if (!fs::is_directory(fs::symlink_status(folder, error))) return false;
  fs::directory_iterator at(folder, error);
  for (const fs::directory_iterator end; !error && at != end; at.increment(error))
    if (std::ranges::find(names, at->path().filename().string()) == names.end()) return false;
  return !error;
}

/// A lock that is held is a name in its folder, a working tree is `checkout`, a branch `branch`. A
/// repository is often shared: a push from one makes one. The branches that use it are below it,
/// and nothing is.
bool is_emptied(const fs::path& folder) {
  constexpr std::array<std::string_view, 1> k_control{".bzr"};
  constexpr std::array<std::string_view, 4> k_rest{"README", "branch-format", "branch-lock",
                                                   "repository"};
  constexpr std::array<std::string_view, 0> k_nothing{};
  const auto control = folder / ".bzr";
  std::error_code error;
  return fs::exists(control / "branch-format", error) && holds_only(folder, k_control) &&
         holds_only(control, k_rest) &&
         (!fs::exists(control / "branch-lock", error) ||
          holds_only(control / "branch-lock", k_nothing)) &&
         !error;
}

}  // namespace

bool remove_emptied(const fs::path& folder) {
  if (!is_emptied(folder)) return false;
  // Out of the way first, under a name that is no proposal's: somebody may be pushing a new branch
  // to it in this moment.
  const auto aside =
      folder.parent_path() / fmt::format(".{}.{}.gone", folder.filename().string(), ::getpid());
  std::error_code error;
  fs::rename(folder, aside, error);
  if (error) return false;
  if (is_emptied(aside)) return remove_tree(aside).has_value();
  fs::rename(aside, folder, error);
  return false;
}

}  // namespace cdctl::bzr
