#include "plugins/github/github_repository.hpp"

#include <algorithm>

#include <fmt/format.h>

#include <cdctl/text.hpp>

namespace cdctl::github {

namespace {

std::string api_of(const ServedRepository& repository) {
  if (repository.host == "github.com") return "https://api.github.com";
  const bool http = repository.scheme == "http" || repository.scheme == "https";
  return fmt::format("{}://{}{}{}/api/v3", http ? repository.scheme : "https", repository.host,
                     http && !repository.port.empty() ? ":" : "", http ? repository.port : "");
}

/// `https://git.example/api/v3` → `https://git.example/api`, and `/graphql` follows.
std::string graph_of(std::string api) {
  if (api.ends_with("/v3")) api.resize(api.size() - 3);
  return api;
}

RestServer server(std::string api, const std::string& token) {
  return {"GitHub",
          std::move(api),
          {{"Authorization", "Bearer " + token},
           {"Accept", "application/vnd.github+json"},
           {"X-GitHub-Api-Version", "2022-11-28"}}};
}

}  // namespace

GithubRepository::GithubRepository(Host& host, ForgeAccess access)
    : access_(std::move(access)),
      rest_(host, server(access_.api, access_.token)),
      graph_(host, server(graph_of(access_.api), access_.token)) {}

std::string GithubRepository::path(std::string_view rest) const {
  return fmt::format("/repos/{}{}", access_.repository, rest);
}

Result<std::string> GithubRepository::me(const Deadline& deadline) {
  if (me_) return *me_;
  const auto user = rest_.ask({"GET", "/user", {}, true}, deadline);
  if (!user) return fail(user.error());
  if (user->status == 401) return fail(rest_.refusal({"GET", "/user", {}, true}, *user));
  me_ = user->ok() ? user->body["login"].as_string() : std::string();
  return *me_;
}

Result<std::string> GithubRepository::tip(const std::string& branch, const Deadline& deadline) {
  const auto ref = rest_.get(path("/git/ref/heads/" + ref_path(branch)), deadline);
  if (ref) return (*ref)["object"]["sha"].as_string();
  if (ref.error().reason == Reason::not_there) return std::string();
  return fail(ref.error());
}

Result<Json> GithubRepository::pull(const std::string& id, const Deadline& deadline) {
  if (id.empty() || id.size() > 18 ||
      !std::ranges::all_of(id, [](char c) { return c >= '0' && c <= '9'; }))
    return fail(ExitCode::usage,
                fmt::format("'{}' is not the number of a pull request", printable(id, 40)));
  return rest_.get(path("/pulls/" + id), deadline);
}

Result<Json> GithubRepository::query(const std::string& text, Json variables,
                                     const Deadline& deadline) {
  const RestRequest request{"POST", "/graphql",
                            Json::object({{"query", text}, {"variables", std::move(variables)}}),
                            true};
  CDCTL_TRY_ASSIGN(auto answer, graph_.ask(request, deadline));
  if (!answer.ok()) return fail(graph_.refusal(request, answer));
  if (!answer.body["errors"].items().empty())
    return fail(ExitCode::unknown,
                fmt::format("GitHub does not answer a question: {}",
                            printable(answer.body["errors"].items().front()["message"].view())));
  return std::move(answer.body);
}

Result<GithubRepository*> GithubRepositories::of(const TargetConfig& target) {
  CDCTL_TRY_ASSIGN(auto access, forge_access(host_.config(), target, "github", api_of));
  if (split(access.repository, '/').size() != 2)
    return fail(ExitCode::config,
                fmt::format("{}: 'github.repository' must be an owner and a name, such as "
                            "\"team/thumbs\"",
                            target.file.string()));
  auto& one = all_[fmt::format("{}\n{}\n{}", access.api, access.repository, access.token)];
  if (!one) one = std::make_unique<GithubRepository>(host_, std::move(access));
  return one.get();
}

}  // namespace cdctl::github
