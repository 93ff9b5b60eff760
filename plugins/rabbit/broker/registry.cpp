#include "plugins/rabbit/broker/registry.hpp"

#include <algorithm>

#include <fmt/format.h>

#include <cdctl/set_name.hpp>

namespace cdctl::rabbit {

namespace {

constexpr std::string_view k_set = "cdctl.set.";
constexpr std::string_view k_doing = "reading the sets from the broker";

ApiCall users_call() {
  return {.path = "/users?columns=name,tags,limits",
          .doing = std::string(k_doing),
          .shape = Shape::list};
}
ApiCall parameters_call() {
  return {.path = "/global-parameters", .doing = std::string(k_doing), .shape = Shape::list};
}

bool of_service(std::string_view text, std::string_view service) {
  const auto set = parse_set_name(text);
  return set && set->service == service;
}

bool has_user(const Json& users, std::string_view service) {
  return std::ranges::any_of(
      users.items(), [&](const Json& user) { return of_service(user["name"].view(), service); });
}

/// `cdctl.KIND.SERVICE` and `cdctl.KIND.SERVICE-REVISION`.
bool concerns(std::string_view parameter, std::string_view service) {
  constexpr std::string_view prefix = "cdctl.";
  if (!parameter.starts_with(prefix)) return false;
  parameter.remove_prefix(prefix.size());
  const auto dot = parameter.find('.');
  if (dot == std::string_view::npos) return false;
  const auto name = parameter.substr(dot + 1);
  if (name == service) return true;
  const auto set = parse_set_name(name);
  return set && set->service == service;
}

}  // namespace

Result<BrokerState> believable(BrokerState state) {
  // It let us in as one of its users, and has global parameters of its own from the beginning.
  if (!state.users.items().empty() || !state.parameters.items().empty()) return state;
  return fail(ExitCode::unknown,
              fmt::format("{}: it says that it has no user and no global parameter at all; is it "
                          "RabbitMQ's management API?",
                          k_doing));
}

std::array<ApiCall, 2> state_calls() { return {parameters_call(), users_call()}; }

bool BrokerState::knows(std::string_view service) const {
  for (const auto& row : parameters.items()) {
    const auto name = row["name"].view();
    if (name.starts_with(k_also) && name.substr(k_also.size()) == service) return true;
    if (name.starts_with(k_set) && of_service(name.substr(k_set.size()), service)) return true;
  }
  return has_user(users, service);
}

bool BrokerState::holds_sets(std::string_view service) const {
  for (const auto& row : parameters.items()) {
    const auto name = row["name"].view();
    if (name.starts_with(k_set) && of_service(name.substr(k_set.size()), service) &&
        row["value"]["reaped_at"].is_null())
      return true;
  }
  return has_user(users, service);
}

std::set<std::string> BrokerState::also(std::string_view service) const {
  std::set<std::string> out;
  for (const auto& row : parameters.items()) {
    const auto name = row["name"].view();
    if (!name.starts_with(k_also) || name.substr(k_also.size()) != service) continue;
    for (const auto& broker : row["value"]["brokers"].items()) out.insert(broker.as_string());
  }
  return out;
}

Result<BrokerState> Registry::look_at_all(const Deadline& deadline) {
  const auto calls = state_calls();
  const auto answers = management_.send_all(calls, deadline);
  for (const auto& answer : answers)
    if (!answer) return fail(answer.error());
  BrokerState out;
  CDCTL_TRY_ASSIGN(out.parameters, management_.parse(calls[0], *answers[0]));
  CDCTL_TRY_ASSIGN(out.users, management_.parse(calls[1], *answers[1]));
  users_ = out.users.items().size();
  return believable(std::move(out));
}

Result<BrokerState> Registry::look(std::optional<std::string_view> service,
                                   const Deadline& deadline) {
  if (!service || (users_ && *users_ <= many_)) return look_at_all(deadline);
  CDCTL_TRY_ASSIGN(auto users, names("users", deadline));
  users_ = users.size();
  if (*users_ <= many_) return look_at_all(deadline);
  std::erase_if(users, [&](const std::string& name) {
    const auto set = parse_set_name(name);
    return !set || set->service != *service;
  });
  BrokerState out;
  CDCTL_TRY_ASSIGN(out.users, rows_of("users", users, users_call(), deadline));
  CDCTL_TRY_ASSIGN(auto parameters, names("global-parameters", deadline));
  std::erase_if(parameters, [&](const std::string& name) { return !concerns(name, *service); });
  CDCTL_TRY_ASSIGN(out.parameters,
                   rows_of("global-parameters", parameters, parameters_call(), deadline));
  return out;
}

Result<std::vector<std::string>> Registry::names(std::string_view kind, const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(const auto rows, management_.get({.path = fmt::format("/{}?columns=name", kind),
                                                     .doing = std::string(k_doing),
                                                     .shape = Shape::list},
                                                    deadline));
  std::vector<std::string> out;
  for (const auto& row : rows.items()) out.push_back(row["name"].as_string());
  return out;
}

Result<Json> Registry::rows_of(std::string_view kind, const std::vector<std::string>& names,
                               const ApiCall& all, const Deadline& deadline) {
  if (names.size() > k_most_by_name) return management_.get(all, deadline);
  std::vector<ApiCall> calls;
  for (const auto& name : names)
    calls.push_back({.path = path_of({kind, name}), .doing = std::string(k_doing), .name = name});
  auto out = Json::array();
  const auto answers = management_.send_all(calls, deadline);
  for (std::size_t i = 0; i < answers.size(); ++i) {
    if (!answers[i]) return fail(answers[i].error());
    if (answers[i]->not_there()) continue;  // deleted meanwhile
    CDCTL_TRY_ASSIGN(auto row, management_.parse(calls[i], *answers[i]));
    out.push_back(std::move(row));
  }
  return out;
}

}  // namespace cdctl::rabbit
