#include "plugins/bzr/local_branch.hpp"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include <cdctl/fs.hpp>
#include <cdctl/text.hpp>

#include "plugins/bzr/bzr_address.hpp"

namespace cdctl::bzr {

namespace fs = std::filesystem;

namespace {

std::unexpected<Error> not_there(std::string_view what) {
  return fail(Error{ExitCode::unknown, std::string(what), false, Reason::not_there});
}

std::string_view first_line(std::string_view text) { return text.substr(0, text.find('\n')); }

Result<std::string> small_file(const fs::path& path) {
  auto text = read_file_if_there(path);
  if (!text) return fail(ExitCode::unknown, std::move(text.error().what));
  return std::move(*text).value_or("");
}

/// `12 revision-id`
Result<std::optional<Revision>> parse_last_revision(std::string_view text) {
  const auto line = first_line(text);
  std::int64_t number = 0;
  const auto [stop, error] = std::from_chars(line.data(), line.data() + line.size(), number);
  if (error != std::errc() || stop == line.data() + line.size() || *stop != ' ')
    return std::optional<Revision>();
  const auto id = line.substr(static_cast<std::size_t>(stop - line.data()) + 1);
  if (id == "null:") return not_there("the branch is empty: push a first commit");
  if (!valid_revision_id(id)) return std::optional<Revision>();
  return std::optional(Revision{std::string(id), number});
}

/// Where a reference leads, if it is a plain path: an address with escapes or a colocated name is
/// left to brz.
std::optional<fs::path> plain_location(std::string_view text) {
  text = first_line(text);
  if (!text.starts_with("file:///") || text.find_first_of("%,") != std::string_view::npos)
    return {};
  return fs::path(text.substr(7));
}

}  // namespace

Result<std::optional<Revision>> read_tip(const fs::path& branch) {
  auto at = branch;
  for (int followed = 0; followed < 5; ++followed) {
    std::error_code error;
    if (!fs::exists(at, error))
      return error && error != std::errc::no_such_file_or_directory
                 ? fail(ExitCode::unknown, "cannot be read: " + error.message())
                 : not_there("there is nothing at this path");
    CDCTL_TRY_ASSIGN(const auto control, small_file(at / ".bzr" / "branch-format"));
    if (control.empty()) return not_there("there is no bzr branch at this path");
    if (!control.starts_with("Bazaar-NG meta directory, format 1"))
      return std::optional<Revision>();
    CDCTL_TRY_ASSIGN(const auto format, small_file(at / ".bzr" / "branch" / "format"));
    if (format.empty())
      return not_there(
          "there is no bzr branch at this path, only a repository; name the branch in it");
    if (format.starts_with("Bazaar-NG Branch Reference Format 1")) {
      CDCTL_TRY_ASSIGN(const auto location, small_file(at / ".bzr" / "branch" / "location"));
      const auto next = plain_location(location);
      if (!next) return std::optional<Revision>();
      at = *next;
      continue;
    }
    // Formats 6 to 8 keep the tip in one file, which is replaced as a whole.
    const bool known = std::ranges::any_of(std::string_view("678"), [&](char c) {
      return format.starts_with(fmt::format("Bazaar Branch Format {} ", c));
    });
    if (!known) return std::optional<Revision>();
    CDCTL_TRY_ASSIGN(const auto text, small_file(at / ".bzr" / "branch" / "last-revision"));
    return parse_last_revision(text);
  }
  return std::optional<Revision>();
}

Result<std::string> read_tree_revision(const fs::path& tree) {
  // Its fourth line: the number of parents, then their ids, each ended by a NUL.
  CDCTL_TRY_ASSIGN(const auto text, read_file(tree / ".bzr" / "checkout" / "dirstate"));
  std::string_view rest(text);
  if (!rest.starts_with("#bazaar dirstate flat format 3\n"))
    return fail(fmt::format("the dirstate of {} has an unknown format", tree.string()));
  for (int skipped = 0; skipped < 3; ++skipped)
    rest.remove_prefix(std::min(rest.find('\n'), rest.size() - 1) + 1);
  const auto line = first_line(rest);
  const auto count = line.substr(0, line.find('\0'));
  if (count != "1" || line.size() < 3)
    return fail(fmt::format("{} stands at {} revisions", tree.string(), printable(count, 10)));
  const auto id = line.substr(2);
  return std::string(id.substr(0, id.find('\0')));
}

}  // namespace cdctl::bzr
