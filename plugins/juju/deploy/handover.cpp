#include "plugins/juju/deploy/handover.hpp"

#include <algorithm>

#include <fmt/format.h>

#include <cdctl/stop.hpp>

#include "plugins/juju/deploy/handover_steps.hpp"
#include "plugins/juju/model/models.hpp"
#include "plugins/juju/world/world.hpp"

namespace cdctl::juju {

namespace {

constexpr ClientVersion k_first_with_secrets{3, 3};

WorldSet world_of(const Handover& handover) {
  return {handover.access, handover.set, handover.model, handover.settings, handover.remembered};
}

std::set<std::string> names_of(const Json& applications) {
  std::set<std::string> out;
  for (const auto& [name, ignored] : applications.members()) out.insert(name);
  return out;
}

/// Exposure and scale that a cut took away are not given back by the bundle.
Json without_cut(Json bundle, const Remembered& cut) {
  auto* applications = bundle.find("applications");
  for (const auto& [name, ignored] : cut.exposed) {
    auto* application = applications->find(name);
    if (!application) continue;
    application->erase("expose");
    application->erase("exposed-endpoints");
  }
  for (const auto& [name, ignored] : cut.scaled) {
    auto* application = applications->find(name);
    if (application) application->set(application->find("scale") ? "scale" : "num_units", 0);
  }
  return bundle;
}

Result<> check_secrets(const Handover& handover, const Deadline& deadline) {
  if (handover.settings.amqp_as != AmqpAs::secret || !handover.env.contains("AMQP_URL")) return {};
  const auto client = client_version(deadline);
  if (parse_client_version(client) >= k_first_with_secrets) return {};
  return fail(ExitCode::config,
              fmt::format("[juju] amqp_as: secrets need a juju client of 3.3 or later, and this "
                          "one is {}; say \"overlay\" or \"option\"",
                          client));
}

bool wants_trust(const Json& bundle) {
  return std::ranges::any_of(bundle["applications"].members(),
                             [](const auto& one) { return one.second["trust"].as_bool(); });
}

}  // namespace

Result<> hand_over_bundle(const Handover& handover, const Deadline& deadline) {
  const HandoverSteps steps(handover, deadline);
  const auto names = names_of(handover.bundle["applications"]);
  if (names.empty())
    return fail(ExitCode::config,
                fmt::format("the bundle of {} has no applications", handover.set));
  for (const auto& name : names)
    if (!valid_application_name(name))
      return fail(ExitCode::config, "the bundle has an application whose name Juju does not take");
  CDCTL_TRY_ASSIGN(const auto status, steps.status_without_dying(names));
  std::vector<std::string> others;
  for (const auto& name : names_of(status["applications"]))
    if (!names.contains(name)) others.push_back(name);
  CDCTL_TRY_ASSIGN(const auto amqp, amqp_target(handover, others));
  CDCTL_TRY_ASSIGN(const auto cut, remembered_cut(world_of(handover), deadline));

  CDCTL_TRY_ASSIGN(const auto bundle,
                   steps.file(k_bundle_file, without_cut(handover.bundle, cut).dump() + "\n"));
  std::vector<std::string> words{"deploy", bundle};
  const bool in_overlay =
      amqp && handover.settings.amqp_as == AmqpAs::overlay && names.contains(amqp->application);
  if (in_overlay) {
    const auto options = Json::object({{"options", Json::object({{amqp->option, amqp->url}})}});
    CDCTL_TRY_ASSIGN(
        const auto overlay,
        steps.file(
            "overlay.yaml",
            Json::object({{"applications", Json::object({{amqp->application, options}})}}).dump() +
                "\n"));
    words.insert(words.end(), {"--overlay", overlay});
  }
  if (wants_trust(handover.bundle)) words.emplace_back("--trust");
  crash_point("juju.handover.written");
  if (handover.begins) handover.begins();
  CDCTL_TRY(steps.act(std::move(words), fmt::format("deploying the bundle of {}", handover.set)));
  crash_point("juju.handover.deployed");
  if (amqp && !in_overlay) CDCTL_TRY(steps.give_amqp(*amqp));
  crash_point("juju.handover.amqp");
  // What is new in the model, a relation for one, was not there when it was cut
  if (!cut.empty()) CDCTL_TRY(cut_world(world_of(handover), "deployed again while cut", deadline));
  return {};
}

Result<> hand_over(const Handover& handover, const Deadline& deadline) {
  CDCTL_TRY(refuse_includes(handover.bundle));
  CDCTL_TRY(check_secrets(handover, deadline));
  return handover.settings.isolation == Isolation::application
             ? hand_over_application(handover, deadline)
             : hand_over_bundle(handover, deadline);
}

}  // namespace cdctl::juju
