#include "plugins/juju/deploy/handover_steps.hpp"

#include <algorithm>

#include <fmt/format.h>

#include <cdctl/fs.hpp>
#include <cdctl/roles/engine.hpp>
#include <cdctl/stop.hpp>
#include <cdctl/text.hpp>

#include "plugins/juju/client/call.hpp"
#include "plugins/juju/client/questions.hpp"
#include "plugins/juju/client/wait.hpp"

namespace cdctl::juju {

namespace {

constexpr int k_most_tries = 3;

std::string dying_one(const Json& status, const std::set<std::string>& names) {
  for (const auto& [name, body] : status["applications"].members()) {
    if (names.contains(name) && leaving(body["life"].view())) return name;
  }
  return {};
}

bool secret_id_is_plain(std::string_view id) {
  return !id.empty() && id.size() <= 64 && std::ranges::all_of(id, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  });
}

constexpr std::size_t k_shortest_secret = 8;

std::unexpected<Error> no_target(std::string_view why) {
  return fail(ExitCode::config, fmt::format("[juju] amqp: {}; say amqp = \"APPLICATION:OPTION\", "
                                            "the option of its charm that takes AMQP_URL",
                                            why));
}

Result<std::string> application_for(const Handover& handover,
                                    const std::vector<std::string>& others) {
  const auto& wanted = handover.settings.amqp_application;
  const auto& own = handover.bundle["applications"].members();
  const auto known = [&](std::string_view name) {
    return std::ranges::any_of(own, [&](const auto& member) { return member.first == name; }) ||
           std::ranges::find(others, name) != others.end();
  };
  if (!wanted.empty()) {
    if (known(wanted)) return wanted;
    return no_target(fmt::format("{} is not an application of the bundle", wanted));
  }
  if (own.size() + others.size() == 1) return own.empty() ? others.front() : own.front().first;
  return no_target(fmt::format("the bundle of {} has several applications", handover.set));
}

}  // namespace

Result<std::optional<AmqpTarget>> amqp_target(const Handover& handover,
                                              const std::vector<std::string>& others) {
  const auto url = handover.env.find("AMQP_URL");
  if (url == handover.env.end() || url->second.empty()) return std::nullopt;
  if (handover.settings.amqp_option.empty())
    return no_target("there is an AMQP_URL and no option that takes it");
  if (url->second.contains(k_unit_placeholder))
    return fail(ExitCode::config,
                fmt::format("[juju] amqp: its AMQP_URL is another one for each unit ({}), and an "
                            "option of an application is the same for all",
                            k_unit_placeholder));
  CDCTL_TRY_ASSIGN(auto application, application_for(handover, others));
  return AmqpTarget{std::move(application), handover.settings.amqp_option, url->second};
}

Veil::Veil(const Handover& handover) {
  const auto add = [&](std::string_view text) {
    if (text.size() >= k_shortest_secret) secrets_.emplace_back(text);
  };
  if (const auto at = handover.env.find("AMQP_URL"); at != handover.env.end()) {
    add(at->second);
    const std::string_view url = at->second;  // amqp://USER:PASSWORD@HOST
    const auto end = url.rfind('@'),
               begin = url.find(':', url.find("//") == std::string_view::npos ? 0 : url.find("//"));
    if (end != std::string_view::npos && begin < end) add(url.substr(begin + 1, end - begin - 1));
  }
  for (const auto& [ignored, application] : handover.bundle["applications"].members())
    for (const auto& [option, value] : application["options"].members()) add(value.view());
  std::ranges::sort(secrets_, std::ranges::greater(), &std::string::size);
}

std::string Veil::over(std::string text) const {
  for (const auto& secret : secrets_) {
    const auto mark = secret.substr(0, k_shortest_secret);
    for (auto at = text.find(mark); at != std::string::npos; at = text.find(mark, at)) {
      std::size_t length = mark.size();
      while (length < secret.size() && at + length < text.size() &&
             text[at + length] == secret[length])
        ++length;
      text.replace(at, length, "***");
      at += 3;
    }
  }
  return text;
}

Error Veil::over(Error error) const {
  error.what = over(std::move(error.what));
  return error;
}

std::string option_file(const std::string& application, const Json& options) {
  return Json::object({{application, options}}).dump() + "\n";
}

Result<> refuse_includes(const Json& bundle) {
  for (const auto& [name, application] : bundle["applications"].members()) {
    for (const auto* key : {"options", "annotations"}) {
      for (const auto& [option, value] : application[key].members()) {
        if (!value.view().starts_with("include-file://") &&
            !value.view().starts_with("include-base64://"))
          continue;
        return fail(
            ExitCode::config,
            fmt::format("{} of {} would have juju read a file of this machine; give its text",
                        printable(option, 60), printable(name, 60)));
      }
    }
  }
  return {};
}

std::string HandoverSteps::address() const {
  return handover_.access.controller.empty()
             ? handover_.model
             : fmt::format("{}:{}", handover_.access.controller, handover_.model);
}

Result<Json> HandoverSteps::status() const {
  const auto attempt = fmt::format("reading what runs in the model of {}", handover_.set);
  CDCTL_TRY_ASSIGN(const auto access, access_within(handover_.access, deadline_, attempt));
  auto status = ask_status(access, address(), attempt);
  if (!status) return fail(std::move(status.error().error));
  return std::move(*status);
}

Result<Json> HandoverSteps::status_without_dying(const std::set<std::string>& names) const {
  for (int look = 0;; look = std::min(look + 1, k_most_repeats)) {
    CDCTL_TRY_ASSIGN(auto now, status());
    const auto dying = dying_one(now, names);
    if (dying.empty()) return now;
    if (pause_before_repeat(look, deadline_)) continue;
    if (Stop::requested()) return fail(stopped(fmt::format("deploying {}", handover_.set)));
    return fail(ExitCode::timeout, fmt::format("deploying {}: {} of an earlier deploy is still on "
                                               "its way out; look with juju status, and try again",
                                               handover_.set, dying));
  }
}

Result<> HandoverSteps::act(std::vector<std::string> words, const std::string& attempt,
                            bool* existed) const {
  const bool deploy = words.front() == "deploy",
             bundle = deploy && words.at(1).ends_with(k_bundle_file);
  words.insert(words.end(), {"-m", address()});
  for (int tries = 1;; ++tries) {
    CDCTL_TRY_ASSIGN(const auto access, access_within(handover_.access, deadline_, attempt));
    const auto done = juju_act(access, words, attempt,
                               {.credentials = false,
                                .deadline = deploy ? deadline_ : deadline_.at_most(access.timeout),
                                .directory = {}});
    // Of a bundle it would be something else, in its way
    const bool there = !done && done.error().kind == FailureKind::exists && !bundle;
    if (existed) *existed = there;
    if (done || there) return {};
    if (may_have_worked(done.error()) && tries < k_most_tries &&
        pause_before_repeat(tries, deadline_))
      continue;
    return fail(veil_.over(done.error().error));
  }
}

Result<std::string> HandoverSteps::file(std::string_view name, std::string_view text) const {
  const auto path = handover_.folder / name;
  CDCTL_TRY(write_file_atomically(path, text, 0600));
  return path.string();
}

Result<> HandoverSteps::set_options(const std::string& application, const Json& options,
                                    const std::string& attempt) const {
  CDCTL_TRY_ASSIGN(const auto path, file("options.yaml", option_file(application, options)));
  return act({"config", application, "--file", path}, attempt);
}

Result<> HandoverSteps::give_amqp(const AmqpTarget& target) const {
  if (handover_.settings.amqp_as == AmqpAs::secret) return give_secret(target);
  return set_options(target.application, Json::object({{target.option, target.url}}),
                     fmt::format("setting {} of {}", target.option, target.application));
}

Result<std::string> HandoverSteps::secret_id(const std::string& name) const {
  const auto attempt = fmt::format("looking for the secret {}", name);
  CDCTL_TRY_ASSIGN(const auto access, access_within(handover_.access, deadline_, attempt));
  const auto answer = juju_call(access, {"secrets", "-m", address()}, attempt);
  if (!answer) return fail(answer.error().error);
  for (const auto& [id, body] : answer->json.members())
    if (body["name"].view() == name && secret_id_is_plain(id)) return id;
  return std::string();
}

/// The secret is made, or brought up to date, before the application may read it, and that before
/// it is told of it.
Result<> HandoverSteps::give_secret(const AmqpTarget& target) const {
  const auto name = handover_.settings.isolation == Isolation::application
                        ? handover_.set + "-amqp"
                        : std::string("cdctl-amqp");
  CDCTL_TRY_ASSIGN(const auto path,
                   file("secret.yaml", Json::object({{"amqp-url", target.url}}).dump() + "\n"));
  CDCTL_TRY_ASSIGN(auto id, secret_id(name));
  CDCTL_TRY(act({id.empty() ? "add-secret" : "update-secret", name, "--file", path},
                fmt::format("writing the secret {}", name)));
  crash_point("juju.handover.secret");
  if (id.empty()) {
    CDCTL_TRY_ASSIGN(id, secret_id(name));
  }
  if (id.empty())
    return fail(
        ExitCode::unknown,
        fmt::format(
            "writing the secret {}: Juju does not list it; look with juju secrets, and try again",
            name));
  CDCTL_TRY(act({"grant-secret", name, target.application},
                fmt::format("letting {} read the secret {}", target.application, name)));
  crash_point("juju.handover.granted");
  return set_options(target.application, Json::object({{target.option, "secret:" + id}}),
                     fmt::format("setting {} of {}", target.option, target.application));
}

}  // namespace cdctl::juju
