#include "core/notify/routes.hpp"

#include <algorithm>
#include <iterator>
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

/// Reads one entry, and keeps everything that is wrong with it.
class RouteReader {
 public:
  RouteReader(std::size_t entry, std::vector<RouteProblem>& problems)
      : entry_(entry), problems_(problems) {}

  Route read(const Json& table) {
    Route out;
    if (!table.is_object()) {
      wrong("", "it must be a table");
      return out;
    }
    for (const auto& [key, value] : table.members())
      if (std::ranges::find(k_keys, key) == k_keys.end())
        wrong(key,
              fmt::format("unknown key '{}'{}", printable(key, 60), did_you_mean(key, k_keys)));
    out.to = texts(table, "to");
    out.records = texts(table, "records");
    out.services = texts(table, "services");
    out.actions = texts(table, "actions");
    if (table["to"].is_null()) wrong("", "it names no receiver; add to = [\"pagerduty\"]");
    known("records", "kind of record", out.records, k_records);
    known("actions", "action", out.actions, known_actions());
    if (const auto& given = table["severity"]; !given.is_null()) {
      if (auto severity = severity_of(given))
        out.severity = *severity;
      else
        wrong("severity", severity.error().what);
    }
    return out;
  }

 private:
  void wrong(std::string_view key, std::string what) {
    problems_.push_back({entry_, std::string(key), std::move(what)});
  }

  std::vector<std::string> texts(const Json& table, const char* key) {
    const auto& value = table[key];
    if (value.is_null()) return {};
    std::vector<std::string> out;
    for (const auto& item : value.items())
      if (!item.view().empty()) out.push_back(item.as_string());
    if (!value.is_array() || out.empty() || out.size() != value.items().size())
      wrong(key, fmt::format("'{}' must be a list of text, and not empty", key));
    return out;
  }

  void known(std::string_view key, std::string_view what, const std::vector<std::string>& given,
             const std::vector<std::string>& all) {
    for (const auto& word : given)
      if (std::ranges::find(all, word) == all.end())
        wrong(key, fmt::format("no {} '{}'{}; there are {}", what, printable(word, 60),
                               did_you_mean(word, all), joined(all)));
  }

  std::size_t entry_;
  std::vector<RouteProblem>& problems_;
};

/// Those that could be read, and what is wrong with the others.
std::vector<Route> read_routes(const Json& list, std::vector<RouteProblem>& problems) {
  std::vector<Route> out;
  for (const auto& table : list.items())
    out.push_back(RouteReader(out.size(), problems).read(table));
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

Routes Routes::read(const Config& config) {
  Routes out;
  std::vector<RouteProblem> problems;
  auto routes = read_routes(config.table["notify"]["routes"], problems);
  for (std::size_t entry = 0; entry < routes.size(); ++entry)
    if (std::ranges::find(problems, entry, &RouteProblem::entry) == problems.end())
      out.routes_.push_back(std::move(routes[entry]));
    else
      std::ranges::move(routes[entry].to, std::back_inserter(out.unsure_));
  return out;
}

std::vector<RouteProblem> route_problems(const Json& routes) {
  std::vector<RouteProblem> out;
  (void)read_routes(routes, out);
  return out;
}

std::optional<Share> Routes::share_of(const std::string& receiver, const Json& record) const {
  std::optional<Share> out;
  if (std::ranges::find(unsure_, receiver) != unsure_.end()) return out;
  for (const auto& route : routes_) {
    if (std::ranges::find(route.to, receiver) == route.to.end()) continue;
    out = std::max(out.value_or(Share::none), route.share_of(record));
  }
  return out;
}

}  // namespace cdctl::notify
