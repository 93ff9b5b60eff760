#include "plugins/forges/forge_doctor.hpp"

#include <fmt/format.h>

#include <cdctl/text.hpp>

namespace cdctl::forges {

namespace {

using State = Check::State;

Check check(CodeServers& servers, const TargetConfig& target, const Deadline& deadline) {
  Check out{"target " + target.name, State::bad, {}, {}};
  const auto server = servers.of(target);
  if (!server) {
    out.found = server.error().what;
    out.cure = "correct " + target.file.string();
    return out;
  }
  auto& one = **server;
  const auto me = one.me(deadline);
  const auto seen = me ? one.rest().get(one.path(""), deadline) : Result<Json>(fail(me.error()));
  if (!seen) {
    out.state = State::unknown;
    out.found = seen.error().what;
    out.cure = "see that the token is of this server and may read the repository";
    return out;
  }
  const bool push = one.may_push(*seen);
  out.state = push ? State::ok : State::warning;
  out.found = fmt::format("{} on {} as {}: it may {}", one.access().repository, one.access().api,
                          me->empty() ? std::string(one.words().nobody) : printable(*me, 60),
                          push ? "read and write" : "only read");
  if (!push)
    out.cure = fmt::format("give it {}, or nothing is told on proposals", one.words().cure);
  one.examine(target, *seen, out);
  return out;
}

}  // namespace

std::vector<Check> ForgeDoctor::do_examine(const Deadline& deadline) {
  std::vector<Check> out;
  CodeServers servers(host_, kind_);
  for (const auto& target : host_.config().targets)
    if (target.forge == kind_.table) out.push_back(check(servers, target, deadline));
  return out;
}

}  // namespace cdctl::forges
