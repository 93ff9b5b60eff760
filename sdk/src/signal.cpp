#include <cdctl/signal.hpp>

#include <algorithm>
#include <array>
#include <unordered_set>

#include <fmt/format.h>

#include <cdctl/digest.hpp>
#include <cdctl/set_name.hpp>
#include <cdctl/text.hpp>

namespace cdctl {

namespace {

constexpr std::string_view k_raised = "org.cdctl.signal.raised.v1",
                           k_cleared = "org.cdctl.signal.cleared.v1";

/// Attributes of the envelope and the fields they are in a flat record. CloudEvents 1.0;
/// `expirytime` and `correlationid` are its documented extensions.
constexpr std::array<std::pair<const char*, const char*>, 5> k_attributes{
    {{"id", "id"},
     {"subject", "set"},
     {"time", "time"},
     {"expirytime", "expires"},
     {"correlationid", "correlation"}}};

/// A routing key part: AMQP splits at dots.
std::string key_part(std::string_view text) {
  std::string out;
  for (const char c : text)
    out += (c == '.' || c == '#' || c == '*' || static_cast<unsigned char>(c) <= ' ') ? '_' : c;
  return out.substr(0, 80);
}

std::unexpected<Error> bad_field(std::string_view name, const Json& value,
                                 std::string_view wanted) {
  const auto text = value.is_string() ? value.as_string() : value.dump();
  return fail(fmt::format("{} '{}' is not {}", name, printable(text, 60), wanted));
}

/// Where a set's own signals come from: the CloudEvents `source` of a record that names none.
std::string own_source(const Json& flat) {
  std::string source = "/" + flat["service"].as_string() + "/" + flat["revision"].as_string();
  if (!flat["unit"].view().empty()) source += "/" + std::string(flat["unit"].view());
  return source;
}

/// Good and bad observations of an interval, which make rates.
Result<> check_counts(const Json& counts) {
  if (counts.is_null()) return {};
  for (const auto* name : {"ok", "failed"})
    if (!counts[name].is_int() || counts[name].as_int() < 0)
      return bad_field(fmt::format("counts.{}", name), counts[name], "a whole number from 0");
  return {};
}

Result<Severity> severity_of(const Json& value, bool cleared) {
  if (value.is_null()) return cleared ? Severity::info : Severity::error;
  const auto severity =
      value.is_int() ? severity_of_syslog(value.as_int()) : parse_severity(value.view());
  if (!severity)
    return bad_field("severity", value, "one of debug, info, warning, error, critical");
  return *severity;
}

constexpr std::array<std::string_view, 6> k_optional{"expires", "source",  "correlation",
                                                     "message", "cleared", "counts"};

/// The fields that mean something must hold what they mean; a null is as good as absent.
Result<> check_fields(const Json& flat) {
  for (const auto* name : {"time", "expires"})
    if (!flat[name].is_null() && !parse_rfc3339(flat[name].view()))
      return bad_field(name, flat[name], "RFC 3339");
  for (const auto* name : {"source", "correlation", "message"})
    if (!flat[name].is_null() && !flat[name].is_string())
      return bad_field(name, flat[name], "text");
  if (const auto& cleared = flat["cleared"]; !cleared.is_null() && !cleared.is_bool())
    return bad_field("cleared", cleared, "true or false");
  return check_counts(flat["counts"]);
}

}  // namespace

Result<Json> normal_signal(Json flat) {
  if (!flat.is_object()) return fail("a signal must be a JSON object");
  if (const auto* schema = flat.find("schema"); schema && schema->view() != "cdctl.signal/1") {
    return fail(fmt::format("schema '{}' is not cdctl.signal/1", printable(schema->view(), 60)));
  }
  const auto set = parse_set_name(flat["set"].view());
  if (!set)
    return fail(
        fmt::format("'{}' is no set name (SERVICE-REVISION)", printable(flat["set"].view(), 80)));
  CDCTL_TRY(check_fields(flat));
  CDCTL_TRY_ASSIGN(const auto severity, severity_of(flat["severity"], flat["cleared"].as_bool()));
  const auto time = parse_rfc3339(flat["time"].view()).value_or(now());
  auto signal = flat["signal"].as_string("unnamed");
  if (signal.empty()) signal = "unnamed";
  Json out = Json::object({
      {"schema", "cdctl.signal/1"},
      {"id", flat["id"].view().empty() ? Json(new_id()) : flat["id"]},
      {"set", set->str()},
      {"service", set->service},
      {"revision", set->revision},
  });
  if (!flat["unit"].is_null())
    out.set("unit", flat["unit"].is_string() ? flat["unit"] : Json(flat["unit"].dump()));
  out.set("severity", to_string(severity));
  out.set("signal", signal);
  out.set("key", flat["key"].view().empty() ? Json(set->service + "/" + signal) : flat["key"]);
  // Anybody may send a signal with very many fields, so that nothing here looks at each for each.
  // Of a name that comes twice the first counts. The word by which an event is told from a flat
  // record is no field of one.
  Json::Object fields = out.members();
  std::unordered_set<std::string_view> known{"schema",   "id",       "set",      "service",
                                             "revision", "severity", "signal",   "key",
                                             "time",     "received", "replayed", "specversion"};
  if (out.find("unit")) known.insert("unit");
  for (const auto& [name, value] : flat.members())
    if (known.insert(name).second &&
        (!value.is_null() || std::ranges::find(k_optional, name) == k_optional.end()))
      fields.emplace_back(name, value);
  fields.emplace_back("time", to_rfc3339(time));
  if (const auto* received = flat.find("received")) fields.emplace_back("received", *received);
  return Json(std::move(fields));
}

Json to_cloud_event(const Json& flat) {
  const auto severity = parse_severity(flat["severity"].view()).value_or(Severity::error);
  Json out = Json::object({
      {"specversion", "1.0"},
      {"id", flat["id"]},
      {"source", flat["source"].view().empty() ? Json(own_source(flat)) : flat["source"]},
      {"type", flat["cleared"].as_bool() ? k_cleared : k_raised},
      {"subject", flat["set"]},
      {"time", flat["time"]},
      {"datacontenttype", "application/json"},
      {"severitytext", text_of(severity)},
      {"severitynumber", number_of(severity)},
  });
  for (const auto& [attribute, field] : k_attributes)
    if (!out.find(attribute) && !flat[field].is_null()) out.set(attribute, flat[field]);
  out.set("data", flat);
  return out;
}

Result<Json> from_either_form(Json json) {
  if (json.find("specversion") == nullptr) return normal_signal(std::move(json));
  if (json["specversion"].view() != "1.0")
    return fail("only CloudEvents of specversion 1.0 are read");
  const auto type = json["type"].view();
  if (type != k_raised && type != k_cleared) {
    return fail(fmt::format("CloudEvents type '{}' is neither {} nor {}", printable(type, 60),
                            k_raised, k_cleared));
  }
  if (json.find("data_base64")) return fail("a signal's data is JSON; data_base64 is not read");
  Json flat = json["data"].is_object() ? json["data"] : Json::object();
  // The envelope's own attributes win: they are what brokers and relays see.
  for (const auto& [attribute, field] : k_attributes)
    if (!json[attribute].is_null()) flat.set(field, json[attribute]);
  if (type == k_cleared) flat.set("cleared", true);
  if (flat["severity"].is_null()) {
    const auto severity = json["severitynumber"].is_int()
                              ? severity_of_number(json["severitynumber"].as_int())
                              : parse_severity(json["severitytext"].view());
    if (severity) flat.set("severity", to_string(*severity));
  }
  const auto source = json["source"].as_string();
  CDCTL_TRY_ASSIGN(auto out, normal_signal(std::move(flat)));
  if (!source.empty() && source != own_source(out)) out.set("source", source);
  return out;
}

bool expired(const Json& flat, Time clock) {
  const auto until = parse_rfc3339(flat["expires"].view());
  return until && *until < clock;
}

std::string routing_key(const Json& flat) {
  return key_part(flat["service"].view()) + "." + key_part(flat["revision"].view()) + "." +
         key_part(flat["severity"].view());
}

std::optional<Time> event_time(const Json& flat) {
  const auto time = parse_rfc3339(flat["time"].view());
  const auto received = parse_rfc3339(flat["received"].view());
  if (!time || !received) return time ? time : received;
  constexpr auto slack = std::chrono::seconds(30);
  return std::clamp(*time, *received - slack, *received + slack);
}

std::string new_id() {
  return fmt::format("{:011x}-{}", now().time_since_epoch().count(), random_hex(8));
}

}  // namespace cdctl
