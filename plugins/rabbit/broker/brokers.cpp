#include "plugins/rabbit/broker/brokers.hpp"

#include <algorithm>

#include <fmt/format.h>

#include <cdctl/set_name.hpp>
#include <cdctl/stop.hpp>
#include <cdctl/text.hpp>

namespace cdctl::rabbit {

namespace {

/// So long a broker that did not answer is not asked again: whoever asks for one service after the
/// other need not wait for each.
constexpr auto k_remembered = std::chrono::seconds(3);

}  // namespace

const std::vector<std::string>& Brokers::names() {
  if (names_.empty()) names_ = broker_names(host_.config());
  return names_;
}

Result<Management*> Brokers::at(const BrokerPlace& place) {
  if (const auto there = managements_.find(place); there != managements_.end())
    return there->second.get();
  auto known = settings_.find(place.broker);
  if (known == settings_.end()) {
    CDCTL_TRY_ASSIGN(auto read, read_settings(host_.config(), place.broker));
    known = settings_.emplace(place.broker, std::move(read)).first;
  }
  auto settings = known->second;
  if (!place.vhost.empty()) settings.amqp.vhost = place.vhost;
  return managements_.emplace(place, std::make_unique<Management>(host_, std::move(settings)))
      .first->second.get();
}

Result<Management*> Brokers::of(const ServiceConfig& service) {
  const bool stranger =
      service.table["rabbit"]["broker"].is_null() && !host_.config().service(service.name);
  CDCTL_TRY_ASSIGN(const auto place,
                   stranger ? home_of(service.name) : place_of(host_.config(), service));
  return at(place);
}

Result<BrokerPlace> Brokers::home_of(std::string_view service) {
  if (const auto known = homes_.find(service); known != homes_.end()) return known->second;
  const auto* config = host_.config().service(service);
  if (!config) return BrokerPlace{names().front(), ""};
  CDCTL_TRY_ASSIGN(auto place, place_of(host_.config(), *config));
  return homes_.emplace(service, std::move(place)).first->second;
}

Result<Management*> Brokers::of_set(const SetName& set, const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(const auto found, of_sets(std::span(&set, 1), deadline));
  return found.front();
}

Result<std::vector<Management*>> Brokers::of_sets(std::span<const SetName> sets,
                                                  const Deadline& deadline) {
  std::map<std::string, std::vector<SetName>> unseen;  // by the home of their service
  for (const auto& set : sets) {
    if (!several() || found_.contains(set)) continue;
    CDCTL_TRY_ASSIGN(const auto home, home_of(set.service));
    unseen[home.broker].push_back(set);
  }
  for (const auto& [home, names] : unseen) {
    CDCTL_TRY_ASSIGN(auto* const management, at({home, ""}));
    std::vector<ApiCall> calls;
    for (const auto& set : names)
      calls.push_back({.path = path_of({"users", set.str()}),
                       .doing = "reading the user " + set.str(),
                       .name = set.str()});
    const auto answers = management->send_all(calls, deadline);
    std::map<std::string, std::map<std::string, BrokerState>>
        looks;  // by service: one look tells of all its sets
    for (std::size_t i = 0; i < calls.size(); ++i) {
      if (!answers[i]) return fail(answers[i].error());
      if (!answers[i]->not_there()) {
        CDCTL_TRY(management->parse(calls[i], *answers[i]));
        found_[names[i]] = home;
        continue;
      }
      const auto& service = names[i].service;
      if (!looks.contains(service)) {
        CDCTL_TRY_ASSIGN(looks[service], look_for(service, deadline));
      }
      if (const auto broker = search(names[i], home, looks[service]); !broker.empty())
        found_[names[i]] = broker;
    }
  }
  std::vector<Management*> out;
  for (const auto& set : sets) {
    CDCTL_TRY_ASSIGN(auto home, home_of(set.service));
    if (const auto at = found_.find(set); at != found_.end() && at->second != home.broker)
      home = {at->second, ""};
    CDCTL_TRY_ASSIGN(out.emplace_back(), at(home));
  }
  return out;
}

/// The other broker that has the set's user; empty when none has.
std::string Brokers::search(const SetName& set, const std::string& home,
                            const std::map<std::string, BrokerState>& looks) {
  for (const auto& [broker, look] : looks)
    for (const auto& user : look.users.items())
      if (broker != home && user["name"].view() == set.str()) return broker;
  return {};
}

std::optional<Error> Brokers::failed_just_now(const std::string& broker) const {
  const auto at = failures_.find(broker);
  if (at == failures_.end() || std::chrono::steady_clock::now() - at->second.at > k_remembered)
    return {};
  return at->second.error;
}

Result<BrokerState> Brokers::look(const std::string& broker,
                                  std::optional<std::string_view> service,
                                  const Deadline& deadline) {
  if (const auto error = failed_just_now(broker)) return fail(*error);
  CDCTL_TRY_ASSIGN(auto* const management, at({broker, ""}));
  const auto until =
      several() ? deadline.at_most(std::max(deadline.left() / 2, Millis(100))) : deadline;
  auto look =
      registries_.try_emplace(broker, *management, many_).first->second.look(service, until);
  if (!look && several())
    failures_.insert_or_assign(broker, Failure{std::chrono::steady_clock::now(), look.error()});
  return look;
}

std::map<std::string, Result<BrokerState>> Brokers::look_at(const std::vector<std::string>& brokers,
                                                            const Deadline& deadline) {
  std::map<std::string, Result<BrokerState>> out;
  if (brokers.size() == 1) {
    out.emplace(brokers.front(), look(brokers.front(), {}, deadline));
    return out;
  }
  const auto until = deadline.at_most(std::max(deadline.left() / 2, Millis(100)));
  const auto calls = state_calls();
  std::vector<HttpRequest> requests;
  std::vector<Management*> asked;
  auto http = host_.http();
  for (const auto& name : brokers) {
    auto management = at({name, ""});
    if (!management) {
      out.emplace(name, std::unexpected(management.error()));
      continue;
    }
    asked.push_back(*management);
    if (http) (*management)->choose(**http, until);
    for (const auto& call : calls) requests.push_back((*management)->request_for(call, until));
  }
  auto responses =
      http ? (*http)->send_all(requests)
           : std::vector<Result<HttpResponse>>(requests.size(), std::unexpected(http.error()));
  for (std::size_t i = 0; i < asked.size(); ++i) {
    std::vector<Result<Json>> lists;
    for (std::size_t part = 0; part < calls.size(); ++part) {
      const auto answer = asked[i]->answer_to(calls[part], std::move(responses[2 * i + part]));
      lists.push_back(answer ? asked[i]->parse(calls[part], *answer)
                             : Result<Json>(std::unexpected(answer.error())));
    }
    const auto& name = asked[i]->settings().broker;
    auto state =
        !lists[0] ? Result<BrokerState>(std::unexpected(lists[0].error()))
        : !lists[1]
            ? Result<BrokerState>(std::unexpected(lists[1].error()))
            : believable({.users = std::move(*lists[1]), .parameters = std::move(*lists[0])});
    if (state)
      failures_.erase(name);
    else
      failures_.insert_or_assign(name, Failure{std::chrono::steady_clock::now(), state.error()});
    out.emplace(name, std::move(state));
  }
  return out;
}

Result<std::map<std::string, BrokerState>> Brokers::look_for(std::string_view service,
                                                             const Deadline& deadline) {
  std::map<std::string, BrokerState> out;
  const bool configured = host_.config().service(service) != nullptr;
  CDCTL_TRY_ASSIGN(const auto home, home_of(service));
  CDCTL_TRY_ASSIGN(auto own, look(home.broker, service, deadline));
  // Who has never seen the service cannot know where else it lives, and of a service without a file
  // nobody does: all are asked.
  const bool all = several() && (!configured || !own.knows(service));
  const auto also = own.also(service);
  std::vector<std::string> others;
  for (const auto& name : names())
    if (name != home.broker && (all || also.contains(name))) others.push_back(name);
  for (const auto& name : also) {
    if (name == home.broker || std::ranges::find(names(), name) != names().end()) continue;
    return fail(ExitCode::config,
                fmt::format("{} has sets on the broker '{}', which cdctl.toml does not name; put "
                            "[rabbit.brokers.{}] back until they are reaped, or "
                            "delete the global parameter {}{}",
                            service, printable(name, 60), printable(name, 60), k_also, service));
  }
  out.emplace(home.broker, std::move(own));
  for (const auto& name : others) {
    auto there = look(name, service, deadline);
    if (!there)
      return fail(
          there.error().in(fmt::format("{} may have sets on the broker {}", service, name)));
    out.emplace(name, std::move(*there));
  }
  return out;
}

Result<> Brokers::write_also(std::string_view service, const std::string& broker,
                             const std::set<std::string>& also, const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(auto* const management, at({broker, ""}));
  const auto name = std::string(k_also) + std::string(service);
  if (also.empty()) {
    const ApiCall call{.method = "DELETE",
                       .path = path_of({"global-parameters", name}),
                       .doing = "deleting the global parameter " + name};
    CDCTL_TRY_ASSIGN(const auto answer, management->send(call, deadline));
    return answer.ok() || answer.not_there() ? Result<>() : fail(management->explain(call, answer));
  }
  const auto value = Json::object({{"brokers", Json::strings({also.begin(), also.end()})}});
  return management->act({.method = "PUT",
                          .path = path_of({"global-parameters", name}),
                          .body = Json::object({{"value", value}}),
                          .doing = "writing the global parameter " + name},
                         deadline);
}

Result<> Brokers::note_move(std::string_view service, const std::string& home,
                            const Deadline& deadline) {
  if (!several()) return {};
  CDCTL_TRY_ASSIGN(auto looks, look_for(service, deadline));
  auto ours = looks.at(home).also(service);
  const auto before = ours;
  for (const auto& [broker, look] : looks) {
    if (broker == home || !look.knows(service)) continue;
    ours.insert(broker);
    // The way back as well: when the service returns, its old home must know where it was
    // meanwhile.
    auto theirs = look.also(service);
    if (theirs.insert(home).second) CDCTL_TRY(write_also(service, broker, theirs, deadline));
  }
  crash_point("rabbit.memory.moving");
  return ours == before ? Result<>() : write_also(service, home, ours, deadline);
}

Result<> Brokers::note_left(std::string_view service,
                            const std::map<std::string, BrokerState>& looks,
                            const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(const auto home, home_of(service));
  const auto own = looks.find(home.broker);
  if (own == looks.end()) return {};
  auto also = own->second.also(service);
  const auto before = also;
  for (const auto& [broker, look] : looks)
    if (broker != home.broker && !look.holds_sets(service)) also.erase(broker);
  return also == before ? Result<>() : write_also(service, home.broker, also, deadline);
}

}  // namespace cdctl::rabbit
