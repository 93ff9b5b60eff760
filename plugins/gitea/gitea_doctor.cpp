#include "plugins/gitea/gitea_doctor.hpp"

#include <fmt/format.h>

#include <cdctl/text.hpp>

#include "plugins/gitea/gitea_repository.hpp"

namespace cdctl::gitea {

namespace {

using State = Check::State;

Check check(GiteaRepositories& repositories, const TargetConfig& target, const Deadline& deadline) {
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
  out.found = fmt::format(
      "{} on {} as {}: it may {}", (*repository)->access().repository, (*repository)->access().api,
      me->empty() ? "somebody" : printable(*me, 60), push ? "read and write" : "only read");
  if (!push)
    out.cure = "give it write access to the repository and issues, or nothing is told on proposals";
  // Gitea tells the permissions of others to administrators alone, and answers 403.
  const bool named = !target.table["gitea"]["reviewers"].items().empty();
  if (named || may["admin"].as_bool()) return out;
  out.state = State::bad;
  out.found += "; it may not ask who may push, so no review of anybody counts";
  out.cure = "name the reviewers, reviewers = [\"LOGIN\"] in [gitea] of " + target.file.string() +
             ", or use the token of an administrator of the repository";
  return out;
}

}  // namespace

std::vector<Check> GiteaDoctor::do_examine(const Deadline& deadline) {
  std::vector<Check> out;
  GiteaRepositories repositories(host_);
  for (const auto& target : host_.config().targets)
    if (target.forge == "gitea") out.push_back(check(repositories, target, deadline));
  return out;
}

}  // namespace cdctl::gitea
