#include "registry.hpp"

#include <fmt/format.h>

#include <cdctl/names.hpp>

namespace cdctl::rabbit {

namespace {

constexpr std::string_view k_doing = "reading the sets from the broker";

Call users_call() { return {.path = "/users?columns=name,tags,limits", .doing = std::string(k_doing)}; }
Call parameters_call() { return {.path = "/global-parameters", .doing = std::string(k_doing)}; }

Result<Json> list_of(Result<Json> answer) {
  if (answer && !answer->is_array()) return fail(ExitCode::unknown, fmt::format("{}: the answer is no list", k_doing));
  return answer;
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

Result<Look> Registry::look_at_all(const Deadline& deadline) {
  const Call calls[] = {parameters_call(), users_call()};
  const auto answers = management_.send_all(calls, deadline);
  for (const auto& answer : answers)
    if (!answer) return fail(answer.error());
  Look out;
  CDCTL_TRY_ASSIGN(out.parameters, list_of(management_.parse(calls[0], *answers[0])));
  CDCTL_TRY_ASSIGN(out.users, list_of(management_.parse(calls[1], *answers[1])));
  users_ = out.users.items().size();
  return out;
}

Result<Look> Registry::look(std::optional<std::string_view> service, const Deadline& deadline) {
  if (!service || (users_ && *users_ <= many_)) return look_at_all(deadline);
  Look out;
  CDCTL_TRY_ASSIGN(out.users, list_of(management_.get(users_call(), deadline)));
  users_ = out.users.items().size();
  if (*users_ <= many_) {
    CDCTL_TRY_ASSIGN(out.parameters, list_of(management_.get(parameters_call(), deadline)));
  } else {
    CDCTL_TRY_ASSIGN(out.parameters, parameters_of(*service, deadline));
  }
  return out;
}

Result<Json> Registry::parameters_of(std::string_view service, const Deadline& deadline) {
  auto names = parameters_call();
  names.path += "?columns=name";
  CDCTL_TRY_ASSIGN(const auto rows, list_of(management_.get(names, deadline)));
  std::vector<Call> calls;
  for (const auto& row : rows.items())
    if (const auto name = row["name"].view(); concerns(name, service)) calls.push_back({.path = path_of({"global-parameters", name}), .doing = std::string(k_doing)});
  if (calls.size() > k_most_by_name) return list_of(management_.get(parameters_call(), deadline));
  auto out = Json::array();
  const auto answers = management_.send_all(calls, deadline);
  for (std::size_t i = 0; i < answers.size(); ++i) {
    if (!answers[i]) return fail(answers[i].error());
    if (answers[i]->status == 404) continue;  // deleted meanwhile
    CDCTL_TRY_ASSIGN(auto value, management_.parse(calls[i], *answers[i]));
    out.push_back(std::move(value));
  }
  return out;
}

}  // namespace cdctl::rabbit
