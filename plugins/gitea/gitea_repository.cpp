#include "plugins/gitea/gitea_repository.hpp"

#include <algorithm>

#include <fmt/format.h>

#include <cdctl/text.hpp>

namespace cdctl::gitea {

namespace {

/// Below the same path of its server as the repository: `https://git.example/gitea/team/thumbs`.
std::string api_of(const ServedRepository& repository) {
  const bool http = repository.scheme == "http" || repository.scheme == "https";
  auto before = http ? repository.path.substr(0, repository.path.rfind('/')) : std::string();
  before.resize(before.find('/') == before.npos ? 0 : before.rfind('/'));
  return fmt::format("{}://{}{}{}{}{}/api/v1", http ? repository.scheme : "https", repository.host,
                     http && !repository.port.empty() ? ":" : "", http ? repository.port : "",
                     before.empty() ? "" : "/", before);
}

/// The last two parts of a path.
std::string owner_and_name(const std::string& path) {
  const auto name = path.rfind('/');
  const auto owner = name == 0 ? path.npos : path.rfind('/', name - 1);
  return owner == path.npos ? path : path.substr(owner + 1);
}

RestServer server(std::string api, const std::string& token) {
  return {"Gitea",
          std::move(api),
          {{"Authorization", "token " + token}, {"Accept", "application/json"}},
          "limit",
          50};
}

}  // namespace

GiteaRepository::GiteaRepository(Host& host, ForgeAccess access)
    : access_(std::move(access)), rest_(host, server(access_.api, access_.token)) {}

std::string GiteaRepository::path(std::string_view rest) const {
  return fmt::format("/repos/{}{}", access_.repository, rest);
}

Result<std::string> GiteaRepository::me(const Deadline& deadline) {
  if (me_) return *me_;
  const auto user = rest_.ask({"GET", "/user", {}, true}, deadline);
  if (!user) return fail(user.error());
  if (user->status == 401) return fail(rest_.refusal({"GET", "/user", {}, true}, *user));
  me_ = user->ok() ? user->body["login"].as_string() : std::string();
  return *me_;
}

Result<std::string> GiteaRepository::tip(const std::string& branch, const Deadline& deadline) {
  const auto found = rest_.get(path("/branches/" + ref_path(branch)), deadline);
  if (found) return (*found)["commit"]["id"].as_string();
  if (found.error().reason == Reason::not_there) return std::string();
  return fail(found.error());
}

Result<Json> GiteaRepository::pull(const std::string& id, const Deadline& deadline) {
  if (id.empty() || id.size() > 18 ||
      !std::ranges::all_of(id, [](char c) { return c >= '0' && c <= '9'; }))
    return fail(ExitCode::usage,
                fmt::format("'{}' is not the number of a pull request", printable(id, 40)));
  return rest_.get(path("/pulls/" + id), deadline);
}

Result<GiteaRepository*> GiteaRepositories::of(const TargetConfig& target) {
  CDCTL_TRY_ASSIGN(auto access, forge_access(host_.config(), target, "gitea", api_of));
  access.repository = owner_and_name(access.repository);
  auto& one = all_[fmt::format("{}\n{}\n{}", access.api, access.repository, access.token)];
  if (!one) one = std::make_unique<GiteaRepository>(host_, std::move(access));
  return one.get();
}

}  // namespace cdctl::gitea
