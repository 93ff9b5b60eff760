#include "plugins/launchpad/landing_site.hpp"

#include <algorithm>
#include <tuple>

#include <fmt/format.h>

#include <cdctl/text.hpp>
#include <cdctl/url.hpp>

namespace cdctl::launchpad {

namespace {

Error no_target(const TargetConfig& target, const std::string& what) {
  return {ExitCode::unknown,
          fmt::format("Launchpad has no {}, or the token may not see it: correct {}", what,
                      target.file.string())};
}

Result<LandingSite> breezy_site(WebService& web, const TargetConfig& target,
                                const Deadline& deadline) {
  const auto name = "lp:" + web.access().repository;
  CDCTL_TRY_ASSIGN(const auto branch,
                   web.get(asking("/branches", "getByUrl", {{"url", name}}), deadline));
  if (branch.is_null()) return fail(no_target(target, "branch " + name));
  CDCTL_TRY_ASSIGN(const auto path, web.path_of(branch["self_link"]));
  return LandingSite{{branch["self_link"].as_string(), {}}, path, path, tip_of(branch)};
}

Result<LandingSite> git_site(WebService& web, const TargetConfig& target,
                             const Deadline& deadline) {
  const auto& name = web.access().repository;
  CDCTL_TRY_ASSIGN(const auto repository,
                   web.get(asking("/+git", "getByPath", {{"path", name}}), deadline));
  if (repository.is_null()) return fail(no_target(target, "git repository " + name));
  CDCTL_TRY_ASSIGN(const auto path, web.path_of(repository["self_link"]));
  const auto branch = "refs/heads/" + target.branch;
  CDCTL_TRY_ASSIGN(const auto ref, web.get(ref_by_path(path, branch), deadline));
  if (ref.is_null())
    return fail(ExitCode::unknown, fmt::format("{} has no branch {}: correct `branch`, or push it",
                                               name, target.branch));
  CDCTL_TRY_ASSIGN(const auto ref_path, web.path_of(ref["self_link"]));
  return LandingSite{{repository["self_link"].as_string(), branch}, path, ref_path, tip_of(ref)};
}

/// Those that are for this target: a filter that Launchpad does not understand is no filter.
Result<Json::Array> own_of(WebService& web, const LandingSite& site, const std::string& path,
                           const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(auto all, web.collection(path, deadline));
  for (const auto& one : all)
    if (number_of(one).empty() || place_of(one, "target").link.empty() ||
        one["queue_status"].view().empty())
      return fail(ExitCode::unknown, "Launchpad tells half of a merge proposal");
  std::erase_if(all, [&](const Json& one) { return place_of(one, "target") != site.place; });
  return all;
}

}  // namespace

bool is_breezy(const TargetConfig& target, const std::string& repository) {
  const std::string_view address = target.repository;
  if (address.starts_with("lp:") || address.starts_with("bzr+ssh://")) return true;
  const auto served = served_repository(address);
  if (served && served->host.starts_with("git.")) return false;
  if (served && served->host.starts_with("bazaar.")) return true;
  return repository.starts_with('~') && !repository.contains("/+git/");
}

std::string ref_by_path(std::string_view repository, std::string_view ref) {
  return asking(repository, "getRefByPath", {{"path", std::string(ref)}});
}

std::string tip_of(const Json& entry) {
  auto out = entry["commit_sha1"].as_string();
  return out.empty() ? entry["last_scanned_id"].as_string() : out;
}

Result<LandingSite> landing_site(WebService& web, const TargetConfig& target,
                                 const Deadline& deadline) {
  auto out = is_breezy(target, web.access().repository) ? breezy_site(web, target, deadline)
                                                        : git_site(web, target, deadline);
  if (out && out->tip.empty())
    return fail(ExitCode::unknown, fmt::format("Launchpad does not tell where {} is; it may not "
                                               "have looked at it yet",
                                               target.name));
  return out;
}

Result<Json::Array> open_proposals(WebService& web, const LandingSite& site,
                                   const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(auto all, own_of(web, site, asking(site.ref, "getMergeProposals"), deadline));
  std::erase_if(all, [](const Json& one) { return !is_open(one); });
  std::ranges::stable_sort(all, {}, [](const Json& one) {
    const auto number = number_of(one);
    return std::tuple(parse_rfc3339(one["date_created"].view()).value_or(Time()), number.size(),
                      number);
  });
  return all;
}

Result<Json> find_proposal(WebService& web, const LandingSite& site, const std::string& id,
                           const Deadline& deadline) {
  const auto final = Json::strings({"Merged", "Rejected", "Superseded"});
  for (const auto& path : {asking(site.ref, "getMergeProposals"),
                           asking(site.ref, "getMergeProposals", {{"status", final}})}) {
    CDCTL_TRY_ASSIGN(auto all, own_of(web, site, path, deadline));
    for (auto& one : all)
      if (number_of(one) == id) return std::move(one);
  }
  return fail(Error{ExitCode::failed,
                    fmt::format("there is no merge proposal {} there", printable(id, 40)), false,
                    Reason::not_there});
}

Result<Source> source_of(const Place& place, const Json& entry, const LandingSite& site,
                         const TargetConfig& target) {
  const std::string_view address = target.repository;
  if (place.git()) {
    if (place.link == site.place.link) return Source{{}, place.path};
    auto url = entry["git_https_url"].as_string();
    // What is private has none; and whoever pushes over ssh has a key, where a password is asked
    // for.
    if (url.empty() || !address.starts_with("http")) url = entry["git_ssh_url"].as_string();
    if (!url.empty()) return Source{std::move(url), place.path};
  } else if (const auto name = entry["unique_name"].as_string(); !name.empty()) {
    // Of a Breezy branch the ref is its address, reached as the target is.
    if (address.starts_with("lp:")) return Source{{}, "lp:" + name};
    const auto scheme = address.find("://");
    const auto slash = scheme == address.npos ? address.npos : address.find('/', scheme + 3);
    if (slash != address.npos)
      return Source{{}, fmt::format("{}/{}", address.substr(0, slash), name)};
  }
  return fail(ExitCode::unknown, "Launchpad does not tell where a branch is fetched from");
}

}  // namespace cdctl::launchpad
