#include "plugins/juju/deploy/handover.hpp"

#include <algorithm>

#include <fmt/format.h>

#include <cdctl/stop.hpp>
#include <cdctl/text.hpp>

#include "plugins/juju/client/call.hpp"
#include "plugins/juju/deploy/handover_steps.hpp"
#include "plugins/juju/deploy/handover_words.hpp"
#include "plugins/juju/model/models.hpp"
#include "plugins/juju/model/relations.hpp"
#include "plugins/juju/world/acts.hpp"
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

/// Isolation by model: the whole bundle.
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

std::unexpected<Error> wrong_application(std::string_view why) {
  return fail(
      ExitCode::config,
      fmt::format("[juju] application: {}; say which application of the bundle becomes the set",
                  why));
}

/// `thumbs` of `ch:amd64/thumbs-33`, `ch:thumbs`, `thumbs`.
std::string charm_name(std::string_view charm) {
  charm.remove_prefix(
      std::min(charm.size(), charm.find(':') == std::string_view::npos ? 0 : charm.find(':') + 1));
  charm.remove_prefix(charm.rfind('/') == std::string_view::npos ? 0 : charm.rfind('/') + 1);
  const auto dash = charm.rfind('-');
  const bool revision = dash != std::string_view::npos && dash + 1 < charm.size() &&
                        charm.find_first_not_of("0123456789", dash + 1) == std::string_view::npos;
  return std::string(charm.substr(0, revision ? dash : charm.size()));
}

/// One set as an application of the shared model.
class SharedHandover {
 public:
  SharedHandover(const Handover& handover, const Deadline& deadline)
      : handover_(handover),
        deadline_(deadline),
        steps_(handover, deadline),
        world_{handover.access, handover.set, handover.model, handover.settings,
               handover.remembered} {}

  Result<> run() {
    CDCTL_TRY(choose());
    CDCTL_TRY_ASSIGN(auto status, steps_.status_without_dying({handover_.set}));
    CDCTL_TRY(check(status));
    CDCTL_TRY_ASSIGN(const auto cut, remembered_cut(world_, deadline_));
    if (handover_.begins) handover_.begins();
    if (!status["applications"].find(handover_.set)) {
      CDCTL_TRY(deploy());
      CDCTL_TRY_ASSIGN(status, steps_.status());
      if (!status["applications"].find(handover_.set))
        return fail(ExitCode::unknown, fmt::format("deploying {}: juju took it, and Juju does not "
                                                   "show it; look with juju status, and try again",
                                                   handover_.set));
    } else {
      CDCTL_TRY(set_all_options());
    }
    crash_point("juju.handover.deployed");
    if (amqp_ && handover_.settings.amqp_as != AmqpAs::overlay) CDCTL_TRY(steps_.give_amqp(*amqp_));
    crash_point("juju.handover.amqp");
    if (!cut.empty()) {  // it stays cut: nothing of what joins it to the world
      CDCTL_TRY(cut_world(world_, "deployed again while cut", deadline_));
      return {};
    }
    CDCTL_TRY(relate(status));
    return expose();
  }

 private:
  Result<> choose() {
    const auto& applications = handover_.bundle["applications"].members();
    name_ = handover_.settings.application;
    if (name_.empty() && applications.size() != 1)
      return wrong_application(
          fmt::format("the bundle of {} has {} applications", handover_.set, applications.size()));
    if (name_.empty()) name_ = applications.front().first;
    application_ = handover_.bundle["applications"].find(name_);
    if (!application_ || !application_->is_object())
      return wrong_application(
          fmt::format("{} is not an application of the bundle of {}", name_, handover_.set));
    if (!valid_application_name(handover_.set))
      return fail(ExitCode::config,
                  fmt::format("{} is not a name that Juju takes for an application",
                              printable(handover_.set, 80)));
    auto only = handover_;
    only.bundle.set("applications", Json::object({{name_, *application_}}));
    CDCTL_TRY_ASSIGN(amqp_, amqp_target(only, {}));
    if (amqp_) amqp_->application = handover_.set;
    CDCTL_TRY_ASSIGN(relations_, wanted_relations(handover_.bundle, name_));
    CDCTL_TRY_ASSIGN(words_, deploy_words(handover_.set, *application_, handover_.bundle,
                                          parse_client_version(client_version(deadline_))));
    return {};
  }

  /// Before anything is made: that what it is to be related to is there, and that nobody else has
  /// its name.
  Result<> check(const Json& status) const {
    for (const auto& relation : relations_) {
      const auto other = relation.other_application();
      if (status["applications"].find(other) || status["application-endpoints"].find(other))
        continue;
      const bool offer = handover_.bundle["saas"].find(other) != nullptr;
      return fail(ExitCode::refused,
                  fmt::format("deploying {}: the shared model has no {} that {} is related to; {}",
                              handover_.set, other, name_,
                              offer ? "consume the offer there under that name (juju consume)"
                                    : "deploy it there first"));
    }
    if (status["application-endpoints"].find(handover_.set))
      return fail(ExitCode::refused,
                  fmt::format("deploying {}: the shared model consumes an offer under that name",
                              handover_.set));
    const auto* there = status["applications"].find(handover_.set);
    if (!there) return {};
    if (!there->find("charm"))
      return fail(ExitCode::unknown,
                  fmt::format("deploying {}: Juju could not read the application of that name",
                              handover_.set));
    const auto wanted = (*application_)["charm"].as_string();
    const bool local = (*there)["charm-origin"].view() == "local";
    const auto has =
        charm_name((*there)["charm-name"].view().empty() ? (*there)["charm"].view()
                                                         : (*there)["charm-name"].view());
    if (wanted.starts_with('/') ? local : !local && has == charm_name(wanted)) return {};
    return fail(ExitCode::refused,
                fmt::format("deploying {}: an application of that name runs another charm, {}; it "
                            "is none of cdctl's, or was refreshed by hand",
                            handover_.set, printable((*there)["charm"].view(), 80)));
  }

  Json all_options() const {
    auto options =
        (*application_)["options"].is_object() ? (*application_)["options"] : Json::object();
    if (amqp_ && handover_.settings.amqp_as == AmqpAs::overlay)
      options.set(amqp_->option, amqp_->url);
    return options;
  }

  Result<> set_all_options() const {
    const auto options = all_options();
    if (options.members().empty()) return {};
    return steps_.set_options(handover_.set, options,
                              fmt::format("setting the options of {}", handover_.set));
  }

  Result<> deploy() const {
    auto words = words_;
    if (const auto options = all_options(); !options.members().empty()) {
      CDCTL_TRY_ASSIGN(const auto path,
                       steps_.file("options.yaml", option_file(handover_.set, options)));
      words.insert(words.end(), {"--config", path});
    }
    crash_point("juju.handover.written");
    bool existed = false;
    CDCTL_TRY(steps_.act(std::move(words), fmt::format("deploying {}", handover_.set), &existed));
    // Another deployer came first, with a password of its own: the last one's is what the broker
    // knows
    return existed ? set_all_options() : Result<>();
  }

  Result<> relate(const Json& status) const {
    CDCTL_TRY_ASSIGN(const auto there, relations_of(status, handover_.set));
    for (const auto& wanted : relations_) {
      const auto ours = wanted.endpoint.empty()
                            ? handover_.set
                            : fmt::format("{}:{}", handover_.set, wanted.endpoint);
      const auto same = [](const std::string& end, const std::string& asked) {
        return end == asked || end.substr(0, end.find(':')) == asked;
      };
      if (std::ranges::any_of(there, [&](const RelationEnds& one) {
            return same(one.ours, ours) && same(one.theirs, wanted.other);
          }))
        continue;
      CDCTL_TRY(steps_.act({"relate", ours, wanted.other},
                           fmt::format("relating {} to {}", ours, wanted.other)));
      crash_point("juju.handover.related");
    }
    return {};
  }

  Result<> expose() const {
    const auto& rules = (*application_)["exposed-endpoints"];
    for (const auto& [endpoint, rule] : rules.members())
      CDCTL_TRY(steps_.act(expose_words(handover_.set, endpoint, rule),
                           fmt::format("exposing {}", handover_.set)));
    if (!rules.members().empty() || !(*application_)["expose"].as_bool()) return {};
    return steps_.act({"expose", handover_.set}, fmt::format("exposing {}", handover_.set));
  }

  const Handover& handover_;
  const Deadline& deadline_;
  HandoverSteps steps_;
  WorldSet world_;
  std::string name_;  ///< in the bundle
  const Json* application_ = nullptr;
  std::optional<AmqpTarget> amqp_;
  std::vector<WantedRelation> relations_;
  std::vector<std::string> words_;
};

}  // namespace

Result<> hand_over(const Handover& handover, const Deadline& deadline) {
  CDCTL_TRY(refuse_includes(handover.bundle));
  CDCTL_TRY(check_secrets(handover, deadline));
  return handover.settings.isolation == Isolation::application
             ? SharedHandover(handover, deadline).run()
             : hand_over_bundle(handover, deadline);
}

}  // namespace cdctl::juju
