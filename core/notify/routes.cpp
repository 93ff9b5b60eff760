#include "core/notify/routes.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include <cdctl/notice.hpp>
#include <cdctl/text.hpp>

namespace cdctl::notify {

namespace {

const std::vector<std::string> k_keys{"to", "records", "services", "actions", "severity"};
const std::vector<std::string> k_records{"outcome", "verdict", "signal", "error"};

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
  if (const auto& severity = table["severity"]; !severity.is_null()) {
    out.severity = parse_severity(severity.view());
    if (!out.severity)
      return fail(ExitCode::config,
                  "'severity' must be one of debug, info, warning, error, critical");
  }
  return out;
}

}  // namespace

bool Route::matches(const Json& record) const {
  if (!is_among(records, kind_of(record))) return false;
  const auto service = record["service"].view();
  const auto fits = [&](const std::string& glob) { return glob_match(glob, service); };
  if (!services.empty() && std::ranges::none_of(services, fits)) return false;
  if (!actions.empty() && !is_among(actions, record["action"].view())) return false;
  if (!severity) return true;
  // The end of a condition is as worth telling as its beginning was.
  return std::ranges::any_of(notices_of(record), [&](const Notice& notice) {
    return notice.over || notice.severity >= *severity;
  });
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

std::optional<bool> Routes::sends(const std::string& receiver, const Json& record) const {
  bool named = false;
  for (const auto& route : routes_) {
    if (std::ranges::find(route.to, receiver) == route.to.end()) continue;
    named = true;
    if (route.matches(record)) return true;
  }
  return named ? std::optional(false) : std::nullopt;
}

std::vector<std::string> Routes::receivers() const {
  std::vector<std::string> out;
  for (const auto& route : routes_) out.insert(out.end(), route.to.begin(), route.to.end());
  std::ranges::sort(out);
  out.erase(std::ranges::unique(out).begin(), out.end());
  return out;
}

}  // namespace cdctl::notify
