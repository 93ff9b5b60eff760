#include "plugins/bzr/own_branch.hpp"

#include <algorithm>
#include <array>
#include <filesystem>

#include <fmt/format.h>

#include <cdctl/digest.hpp>
#include <cdctl/fs.hpp>
#include <cdctl/text.hpp>
#include <cdctl/url.hpp>

#include "plugins/bzr/brz_command.hpp"
#include "plugins/bzr/local_branch.hpp"

namespace cdctl::bzr {

namespace fs = std::filesystem;

namespace {

std::unexpected<Error> refused(const Address& place, std::string_view why) {
  return fail(ExitCode::refused, fmt::format("{} {}: nothing is done with it; remove it by hand",
                                             shown_address(place.url), why));
}

/// The kind of what is at a path itself, not of what it leads to.
fs::file_type kind_of(const fs::path& path) {
  std::error_code error;
  return fs::symlink_status(path, error).type();
}

/// What is absent, or of this kind.
bool is_or_absent(const fs::path& path, fs::file_type kind) {
  const auto there = kind_of(path);
  return there == kind || there == fs::file_type::not_found;
}

bool own_format(std::string_view text) {
  return text.starts_with("Bazaar Branch Format ") || text.starts_with("Bazaar-NG branch format ");
}

/// What `branch.conf` says of other branches; empty where it names none.
std::string_view other_branch_in(std::string_view settings) {
  for (auto line : lines(settings)) {
    const auto key = trimmed(take_until(line, '='));
    if (key == "stacked_on_location" && !trimmed(line).empty())
      return "is stacked on another branch";
    if (key == "bound" && trimmed(line) == "True") return "is bound to another branch";
  }
  return {};
}

Result<> check_here(const Address& place) {
  using enum fs::file_type;
  const fs::path folder(place.url.substr(0, place.url.find_last_not_of('/') + 1));
  const auto control = folder / ".bzr", branch = control / "branch";
  if (kind_of(folder) == not_found) return {};
  for (const auto& path : {folder, control, branch, control / "repository", control / "checkout"})
    if (!is_or_absent(path, directory))
      return refused(place, fmt::format("has a {} that is no folder of its own",
                                        path == folder ? "place" : path.filename().string()));
  for (const auto& path : {control / "branch-format", branch / "format", branch / "last-revision",
                           branch / "branch.conf"})
    if (!is_or_absent(path, regular))
      return refused(place, fmt::format("has a {} that is no file", path.filename().string()));
  CDCTL_TRY_ASSIGN(const auto format, read_file_if_there(branch / "format"));
  if (!format) return {};
  if (!own_format(*format)) return refused(place, "is no branch of its own but leads to another");
  CDCTL_TRY_ASSIGN(const auto settings, read_file_if_there(branch / "branch.conf"));
  const auto other = other_branch_in(settings.value_or(""));
  return other.empty() ? Result<>() : refused(place, other);
}

std::string without_slashes(std::string_view url) {
  while (url.ends_with('/')) url.remove_suffix(1);
  return std::string(url);
}

/// `brz info` tells which branch it has opened, and which that one is stacked on or bound to.
Result<> check_there(const Address& place, const Deadline& deadline) {
  const auto said = brz_output({{"info", "--", place.url}, deadline});
  if (!said && said.error().reason == Reason::not_there) return {};
  if (!said) return fail(said.error().in("reading " + shown_address(place.url)));
  constexpr std::array<std::string_view, 3> k_own{
      "branch root: ", "checkout root: ", "repository branch: "};
  bool found = false;
  for (auto line : lines(*said)) {
    line = trimmed(line);
    for (const auto key : k_own)
      if (line.starts_with(key))
        found = found || without_slashes(line.substr(key.size())) == without_slashes(place.url);
    for (const std::string_view key : {"stacked on: ", "checkout of branch: ", "bound to branch: "})
      if (line.starts_with(key))
        return refused(place, "is stacked on, or bound to, another branch");
  }
  return found ? Result<>() : refused(place, "is no branch of its own but leads to another");
}

bool same_place(const Address& a, const Address& b) {
  if (a.local != b.local) return false;
  std::error_code error;
  return without_slashes(a.url) == without_slashes(b.url) ||
         (a.local && fs::equivalent(a.url, b.url, error) && !error);
}

/// Out of the way first, under a name that nobody else knows: what is looked at then is what is
/// removed, whatever is put in its place meanwhile.
Result<bool> remove_here(const Address& place, const std::string& head) {
  const auto control = fs::path(place.url) / ".bzr";
  if (kind_of(control / "branch") == fs::file_type::not_found) return false;
  const auto gone = control / ("landed." + random_hex(8));
  CDCTL_TRY(make_directories(gone / ".bzr", 0700));
  const auto taken = gone / ".bzr" / "branch";
  std::error_code error;
  fs::rename(control / "branch", taken, error);
  if (error) {
    (void)remove_tree(gone);
    if (error == std::errc::no_such_file_or_directory) return false;  // another was faster
    return fail(fmt::format("removing {}: {}", (control / "branch").string(), error.message()));
  }
  const Address put_aside{true, gone.string()};
  const auto write = write_file_atomically(gone / ".bzr" / "branch-format",
                                           "Bazaar-NG meta directory, format 1\n");
  const auto own = write ? check_here(put_aside) : write;
  const auto tip = own ? read_tip(gone) : fail(own.error());
  if (tip && *tip && (*tip)->id == head) {
    CDCTL_TRY(remove_tree(gone));
    return true;
  }
  fs::rename(taken, control / "branch", error);  // somebody has pushed, or changed it, meanwhile
  if (error)
    return fail(fmt::format("{} is not what was to be removed, and is in {} now: {}", place.url,
                            taken.string(), error.message()));
  (void)remove_tree(gone);
  if (!tip) return fail(tip.error());
  return false;
}

}  // namespace

Result<> check_own_branch(const Address& place, const Deadline& deadline) {
  return place.local ? check_here(place) : check_there(place, deadline);
}

bool is_a_targets(const Host& host, const TargetConfig& target, const Address& place) {
  const auto base = host.config().file.parent_path();
  const auto is_its = [&](const TargetConfig& one) {
    for (const auto text : {std::string_view(one.repository), one.table["bzr"]["reviews"].view()}) {
      if (text.empty()) continue;
      const auto address = parse_address(text, base);
      if (address && same_place(*address, place)) return true;
    }
    return false;
  };
  return is_its(target) || std::ranges::any_of(host.config().targets, [&](const TargetConfig& one) {
           return one.forge == "bzr" && is_its(one);
         });
}

Result<bool> remove_own_branch(const Address& place, const std::string& head,
                               const Deadline& deadline) {
  CDCTL_TRY(check_own_branch(place, deadline));
  if (place.local) return remove_here(place, head);
  const auto removed =
      brz_output({{"remove-branch", "--quiet", "--force", "--", place.url}, deadline});
  if (removed) return true;
  if (removed.error().reason == Reason::not_there) return false;
  return fail(removed.error().in("removing " + shown_address(place.url)));
}

}  // namespace cdctl::bzr
