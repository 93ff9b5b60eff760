#include "core/notify/reading.hpp"

#include <utility>

#include <fmt/format.h>

#include <cdctl/signal.hpp>
#include <cdctl/text.hpp>

namespace cdctl::notify {

namespace {

/// `cdctl.outcome/1` for `org.cdctl.outcome.v1`; empty for a type of somebody else's.
std::string schema_of_type(std::string_view type) {
  constexpr std::string_view k_ours = "org.cdctl.";
  if (!type.starts_with(k_ours)) return {};
  type.remove_prefix(k_ours.size());
  const auto dot = type.rfind(".v");
  if (dot == type.npos || dot == 0) return {};
  return fmt::format("cdctl.{}/{}", type.substr(0, dot), type.substr(dot + 2));
}

Result<Json> of_event(Json event) {
  const auto type = event["type"].as_string();
  if (type.starts_with("org.cdctl.signal.")) return from_either_form(std::move(event));
  const auto& data = event["data"];
  if (const auto schema = schema_of_type(type);
      schema.empty() || !data.is_object() || data["schema"].view() != schema)
    return fail(
        fmt::format("a CloudEvent of type '{}' carries no record of cdctl", printable(type, 60)));
  return data;
}

}  // namespace

Result<Reading> read_line(std::string_view line) {
  CDCTL_TRY_ASSIGN(auto record, Json::parse(line));
  if (!record.is_object()) return fail("not a JSON object");
  if (record.find("specversion")) {
    CDCTL_TRY_ASSIGN(record, of_event(std::move(record)));
    auto text = record.dump();
    return Reading{std::move(record), std::move(text)};
  }
  const auto schema = record["schema"].view();
  if (schema.empty()) return fail("no schema");
  // Nobody could be told what it means, and a sink would leave it out without a word.
  if (schema.starts_with("cdctl.") && !schema.ends_with("/1"))
    return fail(fmt::format("a record {}, which this cdctl does not know", printable(schema, 60)));
  const auto& severity = record["severity"];
  if (!severity.is_int()) return Reading{std::move(record), {}};
  const auto word = severity_of_syslog(severity.as_int());
  if (!word) return fail(fmt::format("severity {} is none of 0 to 7", severity.as_int()));
  record.set("severity", to_string(*word));
  auto text = record.dump();
  return Reading{std::move(record), std::move(text)};
}

}  // namespace cdctl::notify
