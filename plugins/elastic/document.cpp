#include "plugins/elastic/document.hpp"

#include <cstdint>
#include <utility>

#include <fmt/format.h>

#include <cdctl/digest.hpp>
#include <cdctl/notice.hpp>
#include <cdctl/signal.hpp>
#include <cdctl/text.hpp>
#include <cdctl/time.hpp>

namespace cdctl::elastic {

namespace {

/// `signal` of `cdctl.signal/1`; what comes one day in other schemas is a record.
std::string kind_of(const Json& record) {
  auto schema = record["schema"].view();
  if (!schema.starts_with("cdctl.")) return "record";
  schema.remove_prefix(6);
  const auto kind = std::string(take_until(schema, '/'));
  return valid_word(kind) ? kind : "record";
}

std::string dataset_of(const Json& record) { return "cdctl." + kind_of(record) + "s"; }

void set_text(Json& out, std::string_view key, std::string_view text) {
  if (!text.empty()) out.set(key, text);
}

/// ECS: event.kind `alert` is what wants somebody's eyes; `signal` is reserved for Kibana.
Json event_of(const Json& record, const std::string& id) {
  const auto kind = kind_of(record);
  auto out = Json::object({{"id", id},
                           {"dataset", dataset_of(record)},
                           {"kind", kind == "signal" ? "alert" : "event"}});
  const auto action = record["action"].view();
  set_text(out, "action",
           !action.empty()    ? action
           : kind == "signal" ? record["signal"].view()
                              : record["verdict"].view());
  set_text(out, "reason", record["why"].view());
  set_text(out, "created", record["received"].view());
  if (kind != "outcome") return out;
  out.set("category", Json::array({"configuration"})).set("type", Json::array({"change"}));
  out.set("outcome", record["ok"].as_bool() ? "success" : "failure");
  if (const auto& took = record["took_ms"]; took.is_number())
    out.set("duration", static_cast<std::int64_t>(took.as_double() * 1e6));
  return out;
}

Json service_of(const Json& record) {
  auto out = Json::object();
  set_text(out, "name", record["service"].view());
  set_text(out, "version", record["revision"].view());
  if (const auto unit = record["unit"].view(); !unit.empty())
    out.set("node", Json::object({{"name", unit}}));
  return out;
}

constexpr const char* k_labels[] = {"set", "target",  "proposal",   "key",
                                    "by",  "verdict", "correlation"};
std::string label_of(const char* key) { return fmt::format("cdctl_{}", key); }

std::string message_of(const Json& record) {
  if (const auto message = record["message"].view(); !message.empty()) return std::string(message);
  const auto notices = notices_of(record);
  if (!notices.empty()) return notices.front().summary;
  auto out = fmt::format("{} {}", kind_of(record), record["set"].view());
  for (const char* key : {"action", "verdict", "why", "error"})
    if (const auto text = record[key].view(); !text.empty()) out += fmt::format(" {}", text);
  return printable(out, 1'000);
}

Severity severity_of(const Json& record) {
  if (const auto own = parse_severity(record["severity"].view())) return *own;
  auto out = Severity::info;
  for (const auto& notice : notices_of(record)) out = std::max(out, notice.severity);
  return out;
}

}  // namespace

std::string stream_of(const Json& record, const std::string& name_space) {
  return fmt::format("logs-{}-{}", dataset_of(record), name_space);
}

std::string id_of(const Json& record) {
  const auto id = record["id"].view();
  if (id.empty()) return sha256_hex(record.canonical());
  const auto source = record["source"].view();
  return sha256_hex(fmt::format("{}\n{}", source.empty() ? record["set"].view() : source, id));
}

Json document_of(const Json& record, const std::string& name_space) {
  const auto severity = severity_of(record);
  auto out = Json::object(
      {{"@timestamp", record["time"].as_string(to_rfc3339(now()))},
       {"message", message_of(record)},
       {"ecs", Json::object({{"version", "8.11.0"}})},
       {"data_stream",
        Json::object(
            {{"type", "logs"}, {"dataset", dataset_of(record)}, {"namespace", name_space}})},
       {"event", event_of(record, id_of(record))},
       {"log", Json::object({{"level", to_string(severity)},
                             {"syslog",
                              Json::object({{"severity",
                                             Json::object({{"code", syslog_of(severity)}})}})}})}});
  if (auto service = service_of(record); !service.members().empty())
    out.set("service", std::move(service));
  if (const auto rule = record["rule"].view(); !rule.empty())
    out.set("rule", Json::object({{"name", rule}}));
  auto labels = Json::object();
  for (const auto* key : k_labels) set_text(labels, label_of(key), record[key].view());
  if (!labels.members().empty()) out.set("labels", std::move(labels));
  return out.set("cdctl", record);
}

Json index_template() {
  const auto keyword = Json::object({{"type", "keyword"}, {"ignore_above", 1024}});
  const auto properties = [](Json members) {
    return Json::object({{"properties", std::move(members)}});
  };
  auto labels = Json::object();
  for (const auto* key : k_labels) labels.set(label_of(key), keyword);
  const auto mappings = Json::object(
      {{"dynamic", true},
       {"properties",
        Json::object(
            {{"@timestamp", Json::object({{"type", "date"}})},
             {"message", Json::object({{"type", "text"}})},
             {"event", properties(Json::object({{"id", keyword},
                                                {"kind", keyword},
                                                {"category", keyword},
                                                {"type", keyword},
                                                {"action", keyword},
                                                {"outcome", keyword},
                                                {"dataset", keyword},
                                                {"reason", keyword},
                                                {"created", Json::object({{"type", "date"}})},
                                                {"duration", Json::object({{"type", "long"}})}}))},
             {"service", properties(Json::object({{"name", keyword}, {"version", keyword}}))},
             {"log", properties(Json::object({{"level", keyword}}))},
             {"rule", properties(Json::object({{"name", keyword}}))},
             {"labels", properties(std::move(labels))},
             // As it came, for who reads it; nothing in it can clash with another record's types.
             {"cdctl", Json::object({{"type", "object"}, {"enabled", false}})}})}});
  return Json::object({{"index_patterns", Json::array({"logs-cdctl.*-*"})},
                       {"data_stream", Json::object()},
                       {"priority", 250},
                       {"template", Json::object({{"mappings", mappings}})}});
}

}  // namespace cdctl::elastic
