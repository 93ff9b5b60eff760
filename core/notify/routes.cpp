#include "core/notify/routes.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include <cdctl/notice.hpp>
#include <cdctl/set_name.hpp>
#include <cdctl/text.hpp>

#include "core/records/outcome.hpp"

namespace cdctl::notify {

namespace {

const std::vector<std::string> k_keys{"to", "records", "services", "actions", "severity"};
const std::vector<std::string> k_records{"outcome", "verdict", "signal", "error"};

/// What an outcome can be of.
std::vector<std::string> known_actions() {
  std::vector<std::string> out;
  for (const auto& row : records::k_members<records::Outcome>)
    if (row.name == std::string_view("action"))
      for (const auto word : words(row.type)) out.emplace_back(word);
  std::erase_if(out, [](const std::string& word) { return word == "one" || word == "of"; });
  return out;
}

std::string service_of(const Json& record) {
  if (const auto service = record["service"].view(); !service.empty()) return std::string(service);
  const auto set = parse_set_name(record["set"].view());
  return set ? set->service : std::string();
}

Result<Severity> severity_of(const Json& value) {
  const auto severity =
      value.is_int() ? severity_of_syslog(value.as_int()) : parse_severity(value.view());
  if (severity) return *severity;
  return fail(ExitCode::config,
              "'severity' must be one of debug, info, warning, error, critical, or 0 to 7 as "
              "syslog counts");
}

/// `outcome` of `cdctl.outcome/1`.
std::string_view kind_of(const Json& record) {
  auto schema = record["schema"].view();
  if (schema.starts_with("cdctl.")) schema.remove_prefix(6);
  return take_until(schema, '/');
}

bool is_among(const std::vector<std::string>& words, std::string_view word) {
  return words.empty() || std::ranges::find(words, word) != words.end();
}

Result<std::vector<std::string>> texts(const Json& route, const char* key) {
  const auto& value = route[key];
  std::vector<std::string> out;
  if (value.is_null()) return out;
  const auto wrong = [&] {
    return fail(ExitCode::config, fmt::format("'{}' must be a list of text, and not empty", key));
  };
  if (!value.is_array() || value.items().empty()) return wrong();
  for (const auto& item : value.items()) {
    if (item.view().empty()) return wrong();
    out.push_back(item.as_string());
  }
  return out;
}

Result<Route> read_route(const Json& table) {
  if (!table.is_object()) return fail(ExitCode::config, "it must be a table");
  for (const auto& [key, value] : table.members())
    if (std::ranges::find(k_keys, key) == k_keys.end())
      return fail(ExitCode::config,
                  fmt::format("unknown key '{}'{}", printable(key, 60), did_you_mean(key, k_keys)));
  Route out;
  CDCTL_TRY_ASSIGN(out.to, texts(table, "to"));
  CDCTL_TRY_ASSIGN(out.records, texts(table, "records"));
  CDCTL_TRY_ASSIGN(out.services, texts(table, "services"));
  CDCTL_TRY_ASSIGN(out.actions, texts(table, "actions"));
  if (out.to.empty())
    return fail(ExitCode::config, "it names no receiver; add to = [\"pagerduty\"]");
  for (const auto& kind : out.records)
    if (!is_among(k_records, kind))
      return fail(ExitCode::config,
                  fmt::format("no kind of record '{}'{}; there are {}", printable(kind, 60),
                              did_you_mean(kind, k_records), joined(k_records)));
  const auto actions = known_actions();
  for (const auto& action : out.actions)
    if (!is_among(actions, action))
      return fail(ExitCode::config,
                  fmt::format("no action '{}'{}; there are {}", printable(action, 60),
                              did_you_mean(action, actions), joined(actions)));
  if (const auto& severity = table["severity"]; !severity.is_null()) {
    CDCTL_TRY_ASSIGN(out.severity, severity_of(severity));
  }
  return out;
}

}  // namespace

Share Route::share_of(const Json& record) const {
  if (!is_among(records, kind_of(record))) return Share::none;
  const auto service = service_of(record);
  const auto fits = [&](const std::string& glob) { return glob_match(glob, service); };
  if (!services.empty() && std::ranges::none_of(services, fits)) return Share::none;
  if (!actions.empty() && !is_among(actions, record["action"].view())) return Share::none;
  if (!severity) return Share::whole;
  // The end of a condition is as worth telling as its beginning was. What may be the end of one is
  // for those who keep conditions, and no news of its own.
  auto out = Share::none;
  for (const auto& notice : notices_of(record)) {
    const bool tells = notice.over ? !notice.implied : notice.severity >= *severity;
    if (tells) return Share::whole;
    if (notice.implied) out = Share::ends;
  }
  return out;
}

Result<Routes> Routes::read(const Config& config) {
  Routes out;
  const auto& list = config.table["notify"]["routes"];
  if (list.is_null()) return out;
  const auto wrong = [&](std::string_view what) {
    return fail(ExitCode::config,
                fmt::format("{}: [[notify.routes]]: {}", config.file.string(), what));
  };
  if (!list.is_array()) return wrong("it must be a list of tables");
  for (const auto& table : list.items()) {
    auto route = read_route(table);
    if (!route)
      return wrong(fmt::format("entry {}: {}", out.routes_.size() + 1, route.error().what));
    out.routes_.push_back(std::move(*route));
  }
  return out;
}

std::optional<Share> Routes::share_of(const std::string& receiver, const Json& record) const {
  std::optional<Share> out;
  for (const auto& route : routes_) {
    if (std::ranges::find(route.to, receiver) == route.to.end()) continue;
    out = std::max(out.value_or(Share::none), route.share_of(record));
  }
  return out;
}

std::vector<std::string> Routes::receivers() const {
  std::vector<std::string> out;
  for (const auto& route : routes_) out.insert(out.end(), route.to.begin(), route.to.end());
  std::ranges::sort(out);
  out.erase(std::ranges::unique(out).begin(), out.end());
  return out;
}

}  // namespace cdctl::notify
