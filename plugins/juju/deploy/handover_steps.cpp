#include "plugins/juju/deploy/handover_steps.hpp"

#include <algorithm>
#include <charconv>
#include <csignal>

#include <fmt/format.h>

#include <cdctl/fs.hpp>
#include <cdctl/stop.hpp>

#include "plugins/juju/client/act.hpp"
#include "plugins/juju/client/process.hpp"
#include "plugins/juju/sets/shared_sets.hpp"
#include "plugins/juju/world/memory.hpp"

namespace cdctl::juju {

namespace {

constexpr int k_most_tries = 3;

std::string dying_one(const Json& status, const std::set<std::string>& names) {
  for (const auto& [name, body] : status["applications"].members()) {
    const auto life = body["life"].view();
    if (names.contains(name) && (life == "dying" || life == "dead")) return name;
  }
  return {};
}

bool secret_id_is_plain(std::string_view id) {
  return !id.empty() && id.size() <= 64 && std::ranges::all_of(id, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  });
}

}  // namespace

ClientVersion parse_client_version(std::string_view text) {
  ClientVersion out;
  const auto* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, out.major);
  if (error != std::errc() || stop == end || *stop != '.') return {};
  if (std::from_chars(stop + 1, end, out.minor).ec != std::errc()) return {};
  return out;
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
    if (Stop::requested())
      return fail(Stop::signal() == SIGTERM ? ExitCode::terminated : ExitCode::interrupted,
                  fmt::format("deploying {}: interrupted", handover_.set));
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
    const bool there = !done && done.error().trouble == Trouble::exists && !bundle;
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
