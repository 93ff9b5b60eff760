#include "plugins/rabbit/broker/policies.hpp"

#include <algorithm>
#include <array>
#include <cctype>

#include <fmt/format.h>

#include <cdctl/text.hpp>

#include "plugins/rabbit/broker/names.hpp"
#include "plugins/rabbit/broker/pattern.hpp"

namespace cdctl::rabbit {

namespace {

/// `apply-to` of a policy that holds for queues of this type.
bool applies(std::string_view to, std::string_view type) {
  if (to == "all" || to == "queues") return true;
  return to == (type == "stream"    ? "streams"
                : type == "classic" ? "classic_queues"
                                    : "quorum_queues");
}

/// The definition of the policy in force: the matching one with the highest priority. One whose
/// pattern nobody can judge in time may be that one, or hide it.
Result<Json> in_force(const Json& policies, const std::string& name, std::string_view type,
                      const Deadline& deadline) {
  const Json* best = nullptr;
  for (const auto& policy : policies.items()) {
    if (!applies(policy["apply-to"].as_string("all"), type)) continue;
    if (deadline.passed())
      return fail(ExitCode::timeout, "looking for the policy of a queue took too long");
    const auto here = matches(policy["pattern"].view(), name);
    if (!here)
      return fail(ExitCode::refused,
                  fmt::format("whether the policy {} holds for the queue {} cannot be said: {}; "
                              "give it a simpler pattern",
                              printable(policy["name"].view(), 80), printable(name, 80),
                              here.error().what));
    if (!*here) continue;
    if (!best || policy["priority"].as_int() > (*best)["priority"].as_int()) best = &policy;
  }
  return best ? (*best)["definition"] : Json::object();
}

}  // namespace

std::vector<ApiCall> policy_calls(const std::string& vhost) {
  return {
      {.path = path_of({"policies", vhost}), .doing = "reading the policies", .shape = Shape::list},
      {.path = path_of({"operator-policies", vhost}),
       .doing = "reading the operator policies",
       .shape = Shape::list}};
}

Result<Policies> Policies::of(const std::string& name, const Queue& queue, const PolicyLists& lists,
                              const Deadline& deadline) {
  Policies out;
  CDCTL_TRY_ASSIGN(out.users, in_force(lists.users, name, queue.type, deadline));
  CDCTL_TRY_ASSIGN(out.operators, in_force(lists.operators, name, queue.type, deadline));
  return out;
}

std::string_view policy_key(std::string_view argument) {
  constexpr std::array<std::string_view, 11> known{"x-delivery-limit",
                                                   "x-dead-letter-exchange",
                                                   "x-dead-letter-routing-key",
                                                   "x-dead-letter-strategy",
                                                   "x-message-ttl",
                                                   "x-expires",
                                                   "x-max-length",
                                                   "x-max-length-bytes",
                                                   "x-overflow",
                                                   "x-max-age",
                                                   "x-consumer-timeout"};
  return std::ranges::find(known, argument) == known.end() ? std::string_view()
                                                           : argument.substr(2);
}

namespace {

/// A word of a shell: the name of a queue may hold an apostrophe, and what follows it.
std::string shell_word(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'')
      out += "'\\''";
    else
      out += c;
  }
  return out + "'";
}

}  // namespace

std::string policy_command(const std::string& vhost, const std::string& queue, std::string_view key,
                           const Json& value) {
  const bool plain = std::ranges::all_of(
      queue, [](char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '-'; });
  return fmt::format("rabbitmqctl set_policy{} {} {} {} --apply-to queues",
                     vhost == "/" ? "" : " -p " + shell_word(printable(vhost, 60)),
                     shell_word(printable(fmt::format("{}-{}", key, queue), 100)),
                     shell_word(plain ? "^" + queue + "$" : printable(exactly({queue}), 300)),
                     shell_word(Json::object({{std::string(key), value}}).dump()));
}

}  // namespace cdctl::rabbit
