#include "plugins/rabbit/broker/brokers.hpp"

#include <algorithm>

#include <fmt/format.h>

#include <cdctl/set_name.hpp>

namespace cdctl::rabbit {

const std::vector<std::string>& Brokers::names() {
  if (names_.empty()) names_ = broker_names(host_.config());
  return names_;
}

Result<Management*> Brokers::at(const Place& place) {
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

Result<Place> Brokers::home_of(std::string_view service) {
  if (const auto known = homes_.find(service); known != homes_.end()) return known->second;
  const auto* config = host_.config().service(service);
  if (!config) return Place{names().front(), ""};
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
    std::vector<Call> calls;
    for (const auto& set : names)
      calls.push_back(
          {.path = path_of({"users", set.str()}), .doing = "reading the user " + set.str()});
    const auto answers = management->send_all(calls, deadline);
    std::map<std::string, std::map<std::string, Look>>
        looks;  // by service: one look tells of all its sets
    for (std::size_t i = 0; i < calls.size(); ++i) {
      if (!answers[i]) return fail(answers[i].error());
      if (answers[i]->ok()) {
        found_[names[i]] = home;
      } else if (answers[i]->status == 404) {
        const auto& service = names[i].service;
        if (!looks.contains(service)) {
          CDCTL_TRY_ASSIGN(looks[service], look_for(service, deadline));
        }
        if (const auto broker = search(names[i], home, looks[service]); !broker.empty())
          found_[names[i]] = broker;
      } else {
        return fail(management->explain(calls[i], *answers[i]));
      }
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
                            const std::map<std::string, Look>& looks) {
  for (const auto& [broker, look] : looks)
    for (const auto& user : look.users.items())
      if (broker != home && user["name"].view() == set.str()) return broker;
  return {};
}

}  // namespace cdctl::rabbit
