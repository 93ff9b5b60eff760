#include "plugins/gitlab/gitlab_doctor.hpp"

#include <algorithm>

#include <fmt/format.h>

#include <cdctl/text.hpp>

#include "plugins/gitlab/gitlab_project.hpp"

namespace cdctl::gitlab {

namespace {

using State = Check::State;

Check check(GitlabProjects& projects, const TargetConfig& target, const Deadline& deadline) {
  Check out{"target " + target.name, State::bad, {}, {}};
  const auto project = projects.of(target);
  if (!project) {
    out.found = project.error().what;
    out.cure = "correct " + target.file.string();
    return out;
  }
  const auto me = (*project)->me(deadline);
  const auto seen =
      me ? (*project)->rest().get((*project)->path(""), deadline) : Result<Json>(fail(me.error()));
  if (!seen) {
    out.state = State::unknown;
    out.found = seen.error().what;
    out.cure = "see that the token is of this server and may read the repository";
    return out;
  }
  const auto& may = (*seen)["permissions"];
  const bool push = std::max(may["project_access"]["access_level"].as_int(),
                             may["group_access"]["access_level"].as_int()) >= 30;
  out.state = push ? State::ok : State::warning;
  out.found = fmt::format("{} on {} as {}: it may {}", (*project)->access().repository,
                          (*project)->access().api, printable(*me, 60),
                          push ? "read and write" : "only read");
  if (!push)
    out.cure = "give it the scope api and the role of a developer, or nothing is told on proposals";
  return out;
}

}  // namespace

std::vector<Check> GitlabDoctor::do_examine(const Deadline& deadline) {
  std::vector<Check> out;
  GitlabProjects projects(host_);
  for (const auto& target : host_.config().targets)
    if (target.forge == "gitlab") out.push_back(check(projects, target, deadline));
  return out;
}

}  // namespace cdctl::gitlab
