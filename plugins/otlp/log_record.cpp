#include "plugins/otlp/log_record.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include <fmt/format.h>

#include <cdctl/notice.hpp>
#include <cdctl/signal.hpp>
#include <cdctl/text.hpp>
#include <cdctl/time.hpp>

namespace cdctl::otlp {

namespace {

/// `signal` of `cdctl.signal/1`; what comes one day in other schemas is a record.
std::string kind_of(const Json& record) {
  auto schema = record["schema"].view();
  if (!schema.starts_with("cdctl.")) return "record";
  schema.remove_prefix(6);
  const auto kind = std::string(take_until(schema, '/'));
  return valid_word(kind) ? kind : "record";
}

/// The JSON of protobuf: 64-bit integers are strings.
std::string nanos(std::int64_t millis) { return fmt::format("{}000000", millis); }

std::int64_t millis_of(const Json& record, std::int64_t otherwise) {
  const auto time = parse_rfc3339(record["time"].view());
  return time && time->time_since_epoch().count() > 0 ? time->time_since_epoch().count()
                                                      : otherwise;
}

/// Attributes in the order in which they are added; an empty text is none.
class Attributes {
 public:
  void add(std::string_view key, std::string_view text) {
    if (!text.empty()) put(key, Json::object({{"stringValue", text}}));
  }
  void add_value(std::string_view key, const Json& value) {
    if (value.is_string()) return add(key, value.view());
    if (value.is_bool()) put(key, Json::object({{"boolValue", value.as_bool()}}));
    if (value.is_int()) put(key, Json::object({{"intValue", std::to_string(value.as_int())}}));
    if (value.is_number() && !value.is_int())
      put(key, Json::object({{"doubleValue", value.as_double()}}));
  }
  [[nodiscard]] Json take() { return std::move(all_); }

 private:
  void put(std::string_view key, Json value) {
    all_.push_back(Json::object({{"key", key}, {"value", std::move(value)}}));
  }
  Json all_ = Json::array();
};

/// Members of others may have any name; what no backend could show stays away.
bool usable_key(std::string_view key) {
  return !key.empty() && key.size() <= 60 && std::ranges::all_of(key, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
}

std::string message_of(const Json& record) {
  if (const auto message = record["message"].view(); !message.empty()) return std::string(message);
  const auto notices = notices_of(record);
  if (!notices.empty()) return notices.front().summary;
  auto out = fmt::format("{} {}", kind_of(record), record["set"].view());
  for (const char* key : {"action", "verdict", "signal", "why", "error"})
    if (const auto text = record[key].view(); !text.empty()) out += fmt::format(" {}", text);
  return printable(out, 1'000);
}

Severity severity_of(const Json& record) {
  if (const auto own = parse_severity(record["severity"].view())) return *own;
  auto out = Severity::info;
  for (const auto& notice : notices_of(record)) out = std::max(out, notice.severity);
  return out;
}

/// The values of cicd.pipeline.task.run.result.
std::string_view result_of(const Json& outcome) {
  if (outcome["ok"].as_bool()) return outcome["changed"].as_bool(true) ? "success" : "skip";
  const auto exit = outcome["exit"].as_int();
  return exit == 6 ? "timeout" : exit == 4 ? "error" : "failure";
}

void add_pipeline(const Json& outcome, Attributes& out) {
  const auto action = outcome["action"].view();
  out.add("cicd.pipeline.name", "cdctl");
  out.add("cicd.pipeline.task.name", action);
  out.add("cicd.pipeline.task.run.result", result_of(outcome));
  if (action == "deploy") {
    out.add("cicd.pipeline.task.type", "deploy");
    out.add("deployment.id", outcome["set"].view());
    out.add("deployment.name", outcome["service"].view());
    out.add("deployment.status", outcome["ok"].as_bool() ? "succeeded" : "failed");
  }
  if (action == "land") {
    out.add("vcs.change.id", outcome["proposal"].view());
    out.add("vcs.change.title", outcome["title"].view());
    out.add("vcs.change.state", outcome["verdict"].view() == "landed" ? "merged" : "open");
    out.add("vcs.ref.head.revision", outcome["head"].view());
  }
}

Json resource_of(const std::string& service, const std::string& revision,
                 const std::string& environment) {
  Attributes out;
  out.add("service.name", service.empty() ? "cdctl" : service);
  out.add("service.version", revision);
  out.add("deployment.environment.name", environment);
  return Json::object({{"attributes", out.take()}});
}

}  // namespace

Json log_record_of(const Json& record, std::int64_t observed) {
  const auto severity = severity_of(record);
  const auto kind = kind_of(record);
  Attributes attributes;
  if (kind == "outcome") add_pipeline(record, attributes);
  attributes.add("service.instance.id", record["unit"].view());
  // What people look for; the parts of a record that are records themselves stay with cdctl
  for (const auto& [key, value] : record.members())
    if (key != "schema" && key != "time" && key != "message" && key != "service" &&
        key != "revision" && key != "unit" && usable_key(key))
      attributes.add_value("cdctl." + key, value);
  const auto word = record[kind == "outcome"  ? "action"
                           : kind == "signal" ? "signal"
                                              : "verdict"]
                        .as_string();
  const auto received = parse_rfc3339(record["received"].view());
  return Json::object(
      {{"timeUnixNano", nanos(millis_of(record, observed))},
       {"observedTimeUnixNano", nanos(received && received->time_since_epoch().count() > 0
                                          ? received->time_since_epoch().count()
                                          : observed)},
       {"severityNumber", number_of(severity)},
       {"severityText", text_of(severity)},
       {"eventName", valid_word(word) ? fmt::format("cdctl.{}.{}", kind, word) : "cdctl." + kind},
       {"body", Json::object({{"stringValue", message_of(record)}})},
       {"attributes", attributes.take()}});
}

Json export_request(std::span<const Json> records, const std::string& environment,
                    std::int64_t observed) {
  // In the order in which the first of each came
  std::vector<std::pair<std::pair<std::string, std::string>, Json>> groups;
  for (const auto& record : records) {
    std::pair of(record["service"].as_string(), record["revision"].as_string());
    auto at = std::ranges::find_if(groups, [&](const auto& group) { return group.first == of; });
    if (at == groups.end()) at = groups.insert(at, {std::move(of), Json::array()});
    at->second.push_back(log_record_of(record, observed));
  }
  auto resources = Json::array();
  for (auto& [of, list] : groups)
    resources.push_back(Json::object(
        {{"resource", resource_of(of.first, of.second, environment)},
         {"scopeLogs", Json::array({Json::object({{"scope", Json::object({{"name", "cdctl"}})},
                                                  {"logRecords", std::move(list)}})})}}));
  return Json::object({{"resourceLogs", std::move(resources)}});
}

}  // namespace cdctl::otlp
