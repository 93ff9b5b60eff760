#include "plugins/bzr/proposal_places.hpp"

#include <algorithm>
#include <filesystem>

#include <fmt/format.h>

#include <cdctl/text.hpp>
#include <cdctl/url.hpp>

#include "plugins/bzr/brz_command.hpp"
#include "plugins/bzr/own_branch.hpp"

namespace cdctl::bzr {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t k_longest_topic = 100;

std::string folder_text(const TargetConfig& target) {
  return target.table["bzr"]["proposals"].as_string();
}

Result<Address> folder_of(const Host& host, const TargetConfig& target) {
  return parse_address(folder_text(target), host.config().file.parent_path());
}

Address inside(const Address& folder, const std::string& topic) {
  return {folder.local, folder.url + (folder.url.ends_with('/') ? "" : "/") + topic};
}

/// The names in a folder on this machine that have a branch; a folder that was never made has none.
Result<std::vector<std::string>> names_here(const fs::path& folder) {
  std::vector<std::string> out;
  std::error_code error;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    std::error_code ignored;
    if (fs::exists(at->path() / ".bzr" / "branch" / "format", ignored))
      out.push_back(at->path().filename().string());
  }
  if (error)
    return fail(ExitCode::unknown, fmt::format("{}: {}", folder.string(), error.message()));
  return out;
}

Result<std::vector<std::string>> names_there(const Address& folder, const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(const auto text,
                   brz_output({{"branches", "--recursive", "--", folder.url}, deadline}));
  std::vector<std::string> out;
  for (const auto line : lines(text)) out.emplace_back(trimmed(line));
  return out;
}

Result<std::vector<Place>> named_places(const Host& host, const TargetConfig& target) {
  std::vector<Place> out;
  const auto& list = target.table["bzr"]["branches"];
  for (const auto& one : list.items()) {
    CDCTL_TRY_ASSIGN(auto address, parse_address(one.view(), host.config().file.parent_path()));
    const auto end = address.url.find_last_not_of('/');
    const auto text = address.url.substr(0, end == std::string::npos ? 0 : end + 1);
    auto topic = text.substr(text.find_last_of("/:") + 1);
    if (!valid_topic(topic))
      return fail(ExitCode::config, fmt::format("bzr.branches: the last part of {} is no name of a "
                                                "proposal",
                                                shown_address(text)));
    out.push_back({std::move(topic), std::move(address), false});
  }
  return out;
}

}  // namespace

bool valid_topic(std::string_view topic) {
  constexpr std::string_view k_good =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._+-=@";
  return !topic.empty() && topic.size() <= k_longest_topic &&
         topic.find_first_not_of(k_good) == topic.npos && !topic.starts_with('.') &&
         !topic.starts_with('-') && !topic.ends_with(".after") && !topic.ends_with(".land");
}

Result<std::vector<Place>> places_of(const Host& host, const TargetConfig& target,
                                     const Deadline& deadline) {
  std::vector<Place> out;
  if (!folder_text(target).empty()) {
    CDCTL_TRY_ASSIGN(const auto folder, folder_of(host, target));
    auto names = folder.local ? names_here(folder.url) : names_there(folder, deadline);
    if (!names)
      return fail(
          names.error().in(fmt::format("reading proposals in {}", shown_address(folder.url))));
    std::ranges::sort(*names);
    for (const auto& name : *names)
      if (valid_topic(name) && !is_a_targets(host, target, inside(folder, name)))
        out.push_back({name, inside(folder, name), true});
  }
  CDCTL_TRY_ASSIGN(auto named, named_places(host, target));
  for (auto& one : named) {
    if (std::ranges::find(out, one.topic, &Place::topic) != out.end())
      return fail(ExitCode::config,
                  fmt::format("{}: two proposals are called {}", target.name, one.topic));
    out.push_back(std::move(one));
  }
  return out;
}

Result<Place> place_of(const Host& host, const TargetConfig& target, const std::string& topic) {
  if (!valid_topic(topic))
    return fail(ExitCode::usage,
                fmt::format("'{}' is no name of a proposal: take what a folder could be called",
                            printable(topic, 60)));
  CDCTL_TRY_ASSIGN(auto named, named_places(host, target));
  const auto at = std::ranges::find(named, topic, &Place::topic);
  if (at != named.end()) return std::move(*at);
  if (folder_text(target).empty())
    return fail(
        ExitCode::config,
        fmt::format("{}: the target has no folder for proposals: proposals = \"…\" in [bzr]",
                    target.name));
  CDCTL_TRY_ASSIGN(const auto folder, folder_of(host, target));
  return Place{topic, inside(folder, topic), true};
}

}  // namespace cdctl::bzr
