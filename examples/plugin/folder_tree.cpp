#include "folder_tree.hpp"

#include <map>

#include <cdctl/digest.hpp>
#include <cdctl/fs.hpp>
#include <cdctl/stop.hpp>

namespace folder {

namespace fs = std::filesystem;
using cdctl::ExitCode;
using cdctl::fail;
using cdctl::Result;

namespace {

/// What a file is, in a line: a change of it changes the line.
Result<std::string> line_of(const fs::directory_entry& entry) {
  std::error_code error;
  const auto status = entry.symlink_status(error);
  if (error) return fail(error.message());
  if (fs::is_symlink(status)) return "link " + fs::read_symlink(entry.path(), error).string();
  if (fs::is_directory(status)) return "folder";
  if (!fs::is_regular_file(status))
    return fail(entry.path().string() + " is neither a file, a folder nor a link");
  CDCTL_TRY_ASSIGN(const auto bytes, cdctl::read_file(entry.path()));
  const bool runs = (status.permissions() & fs::perms::owner_exec) != fs::perms::none;
  return std::string(runs ? "program " : "file ") + cdctl::sha256_hex(bytes);
}

}  // namespace

Result<std::string> hash_tree(const fs::path& root, const cdctl::Deadline& deadline) {
  const auto unknown = [&](const std::string& why) {
    return fail(ExitCode::unknown, "reading " + root.string() + ": " + why);
  };
  std::map<std::string, std::string>
      lines;  // sorted: the order of a folder's entries is nobody's choice
  std::error_code error;
  fs::recursive_directory_iterator at(root, error);
  for (const fs::recursive_directory_iterator end; !error && at != end; at.increment(error)) {
    if (deadline.passed() || cdctl::Stop::requested())
      return fail(ExitCode::timeout, "reading " + root.string() + ": no time left");
    const auto line = line_of(*at);
    if (!line) return unknown(line.error().what);
    lines[at->path().lexically_relative(root).string()] = *line;
  }
  if (error) return unknown(error.message());
  std::string all;
  for (const auto& [name, line] : lines) all += name + '\0' + line + '\n';
  return cdctl::sha256_hex(all);
}

Result<> copy_tree(const fs::path& root, const fs::path& into) {
  std::error_code error;
  fs::create_directories(into, error);
  if (!error)
    fs::copy(root, into, fs::copy_options::recursive | fs::copy_options::copy_symlinks, error);
  if (error)
    return fail("copying " + root.string() + " to " + into.string() + ": " + error.message());
  return {};
}

}  // namespace folder
