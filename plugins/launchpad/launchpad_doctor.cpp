#include "plugins/launchpad/launchpad_doctor.hpp"

#include <fmt/format.h>

#include <cdctl/text.hpp>

#include "plugins/launchpad/landing_site.hpp"
#include "plugins/launchpad/web_service.hpp"

namespace cdctl::launchpad {

namespace {

using State = Check::State;

Check check(WebServices& webs, const TargetConfig& target, const Deadline& deadline) {
  Check out{"target " + target.name, State::bad, {}, {}};
  const auto found = webs.of(target);
  if (!found) {
    out.found = found.error().what;
    out.cure = "correct " + target.file.string();
    return out;
  }
  auto& web = **found;
  const auto me = web.me(deadline);
  const auto site =
      me ? landing_site(web, target, deadline) : Result<LandingSite>(fail(me.error()));
  const auto trusted =
      site ? web.get(asking(site->path, "isPersonTrustedReviewer",
                            {{"reviewer", fmt::format("{}/~{}", web.access().api, *me)}}),
                     deadline)
           : Result<Json>(fail(site.error()));
  if (!trusted) {
    out.state = State::unknown;
    out.found = trusted.error().what;
    out.cure = "see that the token is of this server and may read the target";
    return out;
  }
  // Whoever Launchpad does not trust to review cannot set back what was rejected.
  const bool may = trusted->as_bool();
  out.state = may ? State::ok : State::warning;
  out.found =
      fmt::format("{} on {} as {}: Launchpad {} it to review there", web.access().repository,
                  web.access().api, printable(*me, 60), may ? "trusts" : "does not trust");
  if (!may) out.cure = "add it to the target's review team, or it can neither approve nor reject";
  if (out.state == State::ok && target.land_by_forge) {
    out.state = State::bad;
    out.found = "Launchpad merges nothing by a call that names what was tested";
    out.cure = "leave `land_via` out of " + target.file.string();
  }
  return out;
}

}  // namespace

std::vector<Check> LaunchpadDoctor::do_examine(const Deadline& deadline) {
  std::vector<Check> out;
  WebServices webs(host_);
  for (const auto& target : host_.config().targets)
    if (target.forge == "launchpad") out.push_back(check(webs, target, deadline));
  return out;
}

}  // namespace cdctl::launchpad
