#include <fmt/format.h>

#include <cdctl/set_name.hpp>
#include <cdctl/signal.hpp>
#include <cdctl/text.hpp>

#include "core/feed/listen/read.hpp"

namespace cdctl::feed {

namespace {

std::string set_of(const Json& labels) {
  if (const auto set = labels["set"].as_string(); !set.empty()) return set;
  return labels["service"].as_string() + "-" + labels["revision"].as_string();
}

/// One alert of Alertmanager's webhook: firing raises the condition, resolved clears it.
Result<Json> signal_of(const Json& alert, const Json& webhook) {
  const auto& labels = alert["labels"];
  const auto status = alert["status"].as_string("firing");
  const bool resolved = status == "resolved";
  const auto name = labels["alertname"].as_string("alert");
  const auto set = parse_set_name(set_of(labels));
  if (!set)
    return fail(
        fmt::format("alert '{}' says no set: it needs the label set, or service and revision",
                    printable(name, 60)));
  Json flat = Json::object({{"set", set->str()},
                            {"signal", name},
                            {"id", fmt::format("{}/{}/{}", alert["fingerprint"].as_string(),
                                               alert["startsAt"].as_string(), status)}});
  if (alert["fingerprint"].view().empty()) flat.erase("id");
  flat.set("source", webhook["externalURL"].as_string().empty() ? Json("/alertmanager")
                                                                : webhook["externalURL"]);
  // Never the severity, a value or the revision: the same condition keeps its key while those
  // change.
  const auto instance = labels["instance"].as_string();
  flat.set("key", set->service + "/" + name + (instance.empty() ? "" : "/" + instance));
  if (resolved)
    flat.set("cleared", true).set("severity", "info");
  else
    flat.set("severity",
             to_string(parse_severity(labels["severity"].view()).value_or(Severity::error)));
  if (const auto& unit = labels["unit"]; unit.is_string()) flat.set("unit", unit);
  for (const auto* note : {"summary", "description", "message"})
    if (!flat.find("message") && !alert["annotations"][note].view().empty())
      flat.set("message", printable(alert["annotations"][note].view(), 1024));
  if (const auto& at = resolved ? alert["endsAt"] : alert["startsAt"]; parse_rfc3339(at.view()))
    flat.set("time", at);
  if (labels.is_object()) flat.set("labels", labels);
  return normal_signal(std::move(flat));
}

}  // namespace

ListenRead read_alerts(const Json& webhook) {
  ListenRead out;
  std::size_t passed_over = 0;
  std::string why;
  for (const auto& alert : webhook["alerts"].items()) {
    auto signal = signal_of(alert, webhook);
    if (signal) {
      out.signals.push_back(std::move(*signal));
    } else {
      ++passed_over;
      why = signal.error().what;
    }
  }
  if (const auto cut = webhook["truncatedAlerts"].as_int(); cut > 0)
    out.warning =
        fmt::format("Alertmanager left {} alerts out of a message; raise its max_alerts", cut);
  if (passed_over == 0) return out;
  if (out.signals.empty())
    out.answer = {400, why};
  else
    out.answer = {
        202, fmt::format("{} taken, {} passed over: {}", out.signals.size(), passed_over, why)};
  out.warning = why;
  return out;
}

}  // namespace cdctl::feed
