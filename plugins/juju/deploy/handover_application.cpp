#include <algorithm>

#include <fmt/format.h>

#include <cdctl/stop.hpp>
#include <cdctl/text.hpp>

#include "plugins/juju/deploy/handover_words.hpp"
#include "plugins/juju/model/models.hpp"
#include "plugins/juju/model/relations.hpp"
#include "plugins/juju/world/act.hpp"
#include "plugins/juju/world/world.hpp"

namespace cdctl::juju {

namespace {

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
          fmt::format("{} is no application of the bundle of {}", name_, handover_.set));
    if (!valid_application_name(handover_.set))
      return fail(ExitCode::config, fmt::format("{} is no name that Juju takes for an application",
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

Result<> hand_over_application(const Handover& handover, const Deadline& deadline) {
  return SharedHandover(handover, deadline).run();
}

}  // namespace cdctl::juju
