#include <cdctl/signal.hpp>

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include <cdctl/names.hpp>

namespace cdctl {

namespace {

struct SeverityRow {
  Severity severity;
  std::string_view name;
  std::string_view text;  ///< CloudEvents severity extension
  int number;             ///< OpenTelemetry severity number
};
constexpr std::array k_severities{
    SeverityRow{Severity::debug, "debug", "DEBUG", 5},          SeverityRow{Severity::info, "info", "INFO", 9},
    SeverityRow{Severity::warning, "warning", "WARN", 13},      SeverityRow{Severity::error, "error", "ERROR", 17},
    SeverityRow{Severity::critical, "critical", "FATAL", 21},
};
constexpr std::array<std::pair<std::string_view, Severity>, 10> k_aliases{{
    {"fatal", Severity::critical}, {"emerg", Severity::critical}, {"alert", Severity::critical}, {"crit", Severity::critical},
    {"err", Severity::error}, {"warn", Severity::warning}, {"notice", Severity::info}, {"information", Severity::info},
    {"trace", Severity::debug}, {"informational", Severity::info},
}};
constexpr std::string_view k_type = "org.cdctl.signal.raised.v1";

const SeverityRow& row_of(Severity severity) { return k_severities[static_cast<std::size_t>(severity)]; }

/// A routing key part: AMQP splits at dots.
std::string key_part(std::string_view text) {
  std::string out;
  for (const char c : text) out += (c == '.' || c == '#' || c == '*' || static_cast<unsigned char>(c) <= ' ') ? '_' : c;
  return out.substr(0, 80);
}

}  // namespace

std::string_view to_string(Severity severity) { return row_of(severity).name; }

std::optional<Severity> parse_severity(std::string_view text) {
  std::string lower(text.substr(0, 20));
  std::ranges::transform(lower, lower.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  for (const auto& row : k_severities)
    if (row.name == lower) return row.severity;
  for (const auto& [name, severity] : k_aliases)
    if (name == lower) return severity;
  return {};
}

Result<Json> normal_signal(Json flat) {
  if (!flat.is_object()) return fail("a signal must be a JSON object");
  if (const auto* schema = flat.find("schema"); schema && schema->view() != "cdctl.signal/1") {
    return fail(fmt::format("schema '{}' is not cdctl.signal/1", printable(schema->view(), 60)));
  }
  const auto set = parse_set_name(flat["set"].view());
  if (!set) return fail(fmt::format("'{}' is no set name (SERVICE-REVISION)", printable(flat["set"].view(), 80)));
  const auto severity = parse_severity(flat["severity"].is_null() ? "error" : flat["severity"].view());
  if (!severity) return fail(fmt::format("severity '{}' is none of debug, info, warning, error, critical", printable(flat["severity"].view(), 40)));
  const auto time = flat["time"].is_null() ? std::optional(now()) : parse_rfc3339(flat["time"].view());
  if (!time) return fail(fmt::format("time '{}' is not RFC 3339", printable(flat["time"].view(), 40)));
  auto signal = flat["signal"].as_string("unnamed");
  if (signal.empty()) signal = "unnamed";
  Json out = Json::object({
      {"schema", "cdctl.signal/1"},
      {"id", flat["id"].view().empty() ? Json(new_id()) : flat["id"]},
      {"set", set->str()},
      {"service", set->service},
      {"revision", set->revision},
  });
  if (!flat["unit"].is_null()) out.set("unit", flat["unit"].is_string() ? flat["unit"] : Json(flat["unit"].dump()));
  out.set("severity", to_string(*severity));
  out.set("signal", signal);
  out.set("key", flat["key"].view().empty() ? Json(set->service + "/" + signal) : flat["key"]);
  for (const auto& [name, value] : flat.members())
    if (!out.find(name) && name != "time" && name != "received") out.set(name, value);
  out.set("time", to_rfc3339(*time));
  if (const auto* received = flat.find("received")) out.set("received", *received);
  return out;
}

Json to_cloud_event(const Json& flat) {
  const auto severity = parse_severity(flat["severity"].view()).value_or(Severity::error);
  const auto& row = row_of(severity);
  std::string source = "/" + flat["service"].as_string() + "/" + flat["revision"].as_string();
  if (!flat["unit"].view().empty()) source += "/" + std::string(flat["unit"].view());
  return Json::object({
      {"specversion", "1.0"},
      {"id", flat["id"]},
      {"source", source},
      {"type", k_type},
      {"subject", flat["set"]},
      {"time", flat["time"]},
      {"datacontenttype", "application/json"},
      {"severitytext", row.text},
      {"severitynumber", row.number},
      {"data", flat},
  });
}

Result<Json> from_either_form(Json json) {
  if (json.find("specversion") == nullptr) return normal_signal(std::move(json));
  if (json["specversion"].view() != "1.0") return fail("only CloudEvents of specversion 1.0 are read");
  if (json["type"].view() != k_type) return fail(fmt::format("CloudEvents type '{}' is not {}", printable(json["type"].view(), 60), k_type));
  Json flat = json["data"].is_object() ? json["data"] : Json::object();
  // The envelope's own attributes win: they are what brokers and relays see.
  for (const auto& [from, to] : {std::pair{"id", "id"}, std::pair{"subject", "set"}, std::pair{"time", "time"}})
    if (!json[from].is_null()) flat.set(to, json[from]);
  if (flat["severity"].is_null() && json["severitynumber"].is_int()) {
    for (const auto& row : k_severities)
      if (row.severity == Severity::debug || json["severitynumber"].as_int() >= row.number) flat.set("severity", row.name);
  }
  return normal_signal(std::move(flat));
}

std::string routing_key(const Json& flat) {
  return key_part(flat["service"].view()) + "." + key_part(flat["revision"].view()) + "." + key_part(flat["severity"].view());
}

std::optional<Time> event_time(const Json& flat) {
  const auto time = parse_rfc3339(flat["time"].view());
  const auto received = parse_rfc3339(flat["received"].view());
  if (!time || !received) return time ? time : received;
  constexpr auto slack = std::chrono::seconds(30);
  return std::clamp(*time, *received - slack, *received + slack);
}

std::string new_id() { return fmt::format("{:011x}-{}", now().time_since_epoch().count(), random_hex(8)); }

}  // namespace cdctl
