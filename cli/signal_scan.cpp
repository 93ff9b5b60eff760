#include "signal_scan.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <simdjson.h>

namespace cdctl::cli {

struct SignalScanner::Parser {
  simdjson::dom::parser parser;
};

SignalScanner::SignalScanner() : parser_(std::make_unique<Parser>()) {}
SignalScanner::~SignalScanner() = default;

namespace {

constexpr auto k_slack = std::chrono::seconds(30);

std::uint64_t identity_of(std::string_view set, std::string_view id) {
  if (id.empty()) return 0;
  const auto a = std::hash<std::string_view>()(id), b = std::hash<std::string_view>()(set);
  const std::uint64_t mixed = a ^ (b * 0x9e3779b97f4a7c15ULL);
  return mixed == 0 ? 1 : mixed;
}

}  // namespace

SignalScanner::Kind SignalScanner::scan(std::string_view line) {
  simdjson::dom::element element;
  if (const auto error = parser_->parser.parse(line.data(), line.size(), false).get(element)) {
    why_ = std::string("not valid JSON: ") + simdjson::error_message(error);
    return Kind::bad;
  }
  simdjson::dom::object object;
  if (element.get(object)) {
    why_ = "not a JSON object";
    return Kind::bad;
  }
  std::string_view schema, severity, time, received, id, service;
  observation_ = {};
  bool envelope = false;
  for (const auto field : object) {
    std::string_view text;
    const auto key = field.key;
    if (key == "specversion") envelope = true;
    if (!field.value.is_string() || field.value.get(text)) continue;
    if (key == "schema") schema = text;
    else if (key == "set") observation_.set = text;
    else if (key == "signal") observation_.signal = text;
    else if (key == "severity") severity = text;
    else if (key == "time") time = text;
    else if (key == "received") received = text;
    else if (key == "id") id = text;
    else if (key == "service") service = text;
  }
  if (envelope) return take_slowly(line);
  if (schema == "cdctl.error/1") {
    service_ = service;
    return Kind::error;
  }
  if (schema != "cdctl.signal/1") {
    if (schema.starts_with("cdctl.") && schema.ends_with("/1")) return Kind::other;
    why_ = schema.empty() ? "no schema" : fmt::format("schema '{}' is not known here", printable(schema, 60));
    return Kind::bad;
  }
  const auto level = parse_severity(severity);
  const auto at = parse_rfc3339(time), seen = parse_rfc3339(received);
  if (!level || (!at && !seen)) {
    why_ = !level ? fmt::format("severity '{}' is not known", printable(severity, 40)) : "no usable time";
    return Kind::bad;
  }
  observation_.severity = *level;
  observation_.received = seen.value_or(at.value_or(Time()));
  observation_.time = at && seen ? std::clamp(*at, *seen - k_slack, *seen + k_slack) : observation_.received;
  observation_.identity = identity_of(observation_.set, id);
  return Kind::signal;
}

SignalScanner::Kind SignalScanner::take_slowly(std::string_view line) {
  auto json = Json::parse(line);
  auto flat = json ? from_either_form(std::move(*json)) : std::move(json);
  if (!flat) {
    why_ = flat.error().what;
    return Kind::bad;
  }
  kept_ = std::move(*flat);
  const auto received = parse_rfc3339(kept_["received"].view());
  const auto time = event_time(kept_).value_or(now());
  observation_ = {kept_["set"].view(), kept_["signal"].view(), parse_severity(kept_["severity"].view()).value_or(Severity::error), time, received.value_or(time),
                  identity_of(kept_["set"].view(), kept_["id"].view())};
  return Kind::signal;
}

}  // namespace cdctl::cli
