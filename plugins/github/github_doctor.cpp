#include "plugins/github/github_doctor.hpp"

#include <fmt/format.h>

#include <cdctl/text.hpp>

#include "plugins/github/github_repository.hpp"

namespace cdctl::github {

namespace {

using State = Check::State;

Check check(GithubRepositories& repositories, const TargetConfig& target,
            const Deadline& deadline) {
  Check out{"target " + target.name, State::bad, {}, {}};
  const auto repository = repositories.of(target);
  if (!repository) {
    out.found = repository.error().what;
    out.cure = "correct " + target.file.string();
    return out;
  }
  const auto me = (*repository)->me(deadline);
  const auto seen = me ? (*repository)->rest().get((*repository)->path(""), deadline)
                       : Result<Json>(fail(me.error()));
  if (!seen) {
    out.state = State::unknown;
    out.found = seen.error().what;
    out.cure = "see that the token is of this server and may read the repository";
    return out;
  }
  const auto& may = (*seen)["permissions"];
  const bool push = may["push"].as_bool() || may["admin"].as_bool();
  out.state = push ? State::ok : State::warning;
  out.found = fmt::format("{} on {} as {}: it may {}", (*repository)->access().repository,
                          (*repository)->access().api, me->empty() ? "an app" : printable(*me, 60),
                          push ? "read and write" : "only read");
  if (!push)
    out.cure =
        "give it write access to contents, pull requests and commit statuses, or nothing is "
        "told on proposals";
  return out;
}

}  // namespace

std::vector<Check> GithubDoctor::do_examine(const Deadline& deadline) {
  std::vector<Check> out;
  GithubRepositories repositories(host_);
  for (const auto& target : host_.config().targets)
    if (target.forge == "github") out.push_back(check(repositories, target, deadline));
  return out;
}

}  // namespace cdctl::github
