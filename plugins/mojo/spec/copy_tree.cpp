#include "plugins/mojo/spec/copy_tree.hpp"

#include <fmt/format.h>

#include <cdctl/stop.hpp>

namespace cdctl::mojo {

namespace fs = std::filesystem;

namespace {

std::unexpected<Error> copy_error(const fs::path& from, const std::error_code& error) {
  return fail(fmt::format("copying {}: {}", from.string(), error.message()));
}

Result<> copy_entry(const fs::path& from, const fs::path& to, bool hardlink) {
  std::error_code error;
  const auto status = fs::symlink_status(from, error);
  if (error) return copy_error(from, error);
  if (fs::is_symlink(status)) {
    fs::copy_symlink(from, to, error);
  } else if (fs::is_directory(status)) {
    fs::create_directory(to, error);
    if (!error) fs::permissions(to, status.permissions() | fs::perms::owner_all, error);
  } else if (fs::is_regular_file(status)) {
    if (hardlink)
      fs::create_hard_link(from, to, error);
    else
      fs::copy_file(from, to, error);
  }
  if (error) return copy_error(from, error);
  return {};
}

}  // namespace

Result<> copy_tree(const fs::path& from, const fs::path& to, bool hardlink,
                   const Deadline& deadline) {
  CDCTL_TRY(copy_entry(from, to, hardlink));
  std::error_code error;
  if (!fs::is_directory(fs::symlink_status(from, error))) return {};
  for (auto it = fs::recursive_directory_iterator(from, error);
       it != fs::recursive_directory_iterator(); it.increment(error)) {
    if (error) break;
    if (deadline.passed())
      return fail(ExitCode::timeout, fmt::format("copying {}: the deadline passed", from.string()));
    if (Stop::requested())
      return fail(ExitCode::interrupted, fmt::format("copying {}: interrupted", from.string()));
    CDCTL_TRY(copy_entry(it->path(), to / it->path().lexically_relative(from), hardlink));
  }
  if (error) return copy_error(from, error);
  return {};
}

}  // namespace cdctl::mojo
