#include "plugins/pagerduty/pagerduty_sink.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include <cdctl/digest.hpp>
#include <cdctl/text.hpp>

namespace cdctl::pagerduty {

namespace {

constexpr std::string_view k_keys[] = {
    "routing_key_file", "routing_key_env", "routing_key_command", "api", "ca_file",
    "signals",          "changes"};
constexpr const char* k_api = "https://events.pagerduty.com";
constexpr std::string_view k_mend_key =
    "; put the key of an integration Events API v2 into routing_key_file: it is tried again each "
    "minute";
constexpr std::size_t k_longest_key = 255, k_longest_summary = 1024, k_longest_event = 512'000;

std::string cut_to(std::string_view text, std::size_t most_characters) {
  std::size_t at = 0;
  for (std::size_t count = 0; at < text.size() && count < most_characters; ++count)
    at += std::min(first_character(text.substr(at)), text.size() - at);
  return std::string(text.substr(0, at));
}

/// What the API calls our severities; it has no `debug`.
std::string_view severity_of(Severity severity) {
  return severity == Severity::debug ? to_string(Severity::info) : to_string(severity);
}

std::string source_of(const Notice& notice) {
  for (const auto* text : {&notice.set, &notice.service, &notice.target})
    if (!text->empty()) return *text;
  return "cdctl";
}

/// Whole, where it is short enough to be one key; else a digest that two machines make alike.
std::string dedup_key(const Notice& notice) {
  auto key = "cdctl/" + notice.key;
  return key.size() <= k_longest_key ? key : "cdctl:" + sha256_hex(key);
}

Json details_of(const Json& record) {
  auto out = Json::object();
  for (const char* key : {"service", "revision", "set", "target", "proposal", "title", "authors",
                          "reviewers", "why", "by", "rule", "evidence", "unit", "message", "error"})
    if (const auto* const member = record.find(key); member && !member->is_null())
      out.set(key, *member);
  return out;
}

Json bounded(Json event) {
  if (event.dump().size() <= k_longest_event) return event;
  event.find("payload")->set("custom_details",
                             Json::object({{"left_out", "more than the API takes"}}));
  return event;
}

/// The receiver that a batch goes to.
struct Line {
  std::string api, ca_file, routing_key;
};

Result<Line> line_to(const Receivers& receivers, const std::string& name, const Config& config) {
  CDCTL_TRY_ASSIGN(const auto* const table, receivers.table(name));
  Line out;
  out.api = (*table)["api"].as_string(k_api);
  while (out.api.ends_with('/')) out.api.pop_back();
  if (const auto file = (*table)["ca_file"].view(); !file.empty())
    out.ca_file = (config.file.parent_path() / file).string();
  CDCTL_TRY_ASSIGN(out.routing_key, needed_secret(receivers, name, "routing_key", config));
  return out;
}

/// The API says 400 to a wrong key as to an event that it cannot read, with other words.
bool names_key(std::string_view why) {
  std::string text(why);
  for (auto& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
  return text.contains("routing_key") || text.contains("routing key");
}

/// Only its own word for it means that somebody will be woken.
bool has_taken(std::string_view body) {
  const auto json = Json::parse(body);
  return json && (*json)["status"].view() == "success";
}

Result<Delivery> send(Http& http, const Line& line, const Notice& notice, const Json& record,
                      const Deadline& deadline) {
  HttpRequest request;
  request.method = "POST";
  request.url = line.api + (notice.change() ? "/v2/change/enqueue" : "/v2/enqueue");
  request.body = event_of(notice, record, line.routing_key).dump();
  request.headers = {{"Content-Type", "application/json"}};
  request.ca_file = line.ca_file;
  request.deadline = deadline;
  request.max_bytes = 1 << 20;  // of it a line is kept
  const auto answer = http.send(request);
  auto out = delivery_of(answer, k_retried);
  if (answer && out.state == Delivery::State::taken && !has_taken(answer->body))
    out = not_its_answer(*answer);
  out = without(std::move(out), line.routing_key);
  if (out.state == Delivery::State::refused && names_key(out.why)) {
    out.state = Delivery::State::closed;
    out.why += k_mend_key;
  }
  return out;
}

}  // namespace

bool pages(const Notice& notice) {
  using enum Notice::Kind;
  switch (notice.kind) {
    case cut:
    case uncut:
    case everyone:
    case unjudged:
    case outage:
    case deploy:
    case deployed:
    case landed:
      return true;
    case signal:
    case reaped:
    case rejected:
    case decided:
      return false;
  }
  return false;
}

Json event_of(const Notice& notice, const Json& record, const std::string& routing_key) {
  auto payload = Json::object({{"summary", cut_to(notice.summary, k_longest_summary)},
                               {"source", source_of(notice)},
                               {"timestamp", to_rfc3339(notice.time)},
                               {"custom_details", details_of(record)}});
  if (notice.change())
    return bounded(Json::object({{"routing_key", routing_key}, {"payload", std::move(payload)}}));
  auto event = Json::object({{"routing_key", routing_key},
                             {"event_action", notice.over ? "resolve" : "trigger"},
                             {"dedup_key", dedup_key(notice)}});
  if (notice.over) return event;
  payload.set("severity", severity_of(notice.severity))
      .set("component", notice.service)
      .set("class", to_string(notice.kind));
  if (!notice.set.empty()) payload.set("group", notice.set);
  return bounded(event.set("payload", std::move(payload)).set("client", "cdctl"));
}

Result<ReceiverList> PagerDutySink::do_receivers() {
  return Receivers::read(host_.config(), "pagerduty", k_keys).list();
}

bool PagerDutySink::do_wants(const std::string& receiver, const Json& record) {
  const auto& own = host_.config().table["pagerduty"];
  const auto& table = receiver.empty() ? own : own["receivers"][receiver];
  return std::ranges::any_of(notices_of(record), [&](const Notice& notice) {
    if (notice.change()) return pages(notice) && table["changes"].as_bool(true);
    return pages(notice) || (notice.kind == Notice::Kind::signal && table["signals"].as_bool());
  });
}

/// One after the other: a resolve that overtakes its trigger would leave the page standing. What
/// comes behind one that was not taken waits with it.
Result<PassAnswer> PagerDutySink::do_pass(const std::string& receiver,
                                          std::span<const Json> records, const Deadline& deadline) {
  const auto receivers = Receivers::read(host_.config(), "pagerduty", k_keys);
  CDCTL_TRY_ASSIGN(const auto line, line_to(receivers, receiver, host_.config()));
  CDCTL_TRY_ASSIGN(auto* const http, host_.http());
  PassAnswer out;
  for (std::size_t i = 0; i < records.size(); ++i) {
    for (const auto& notice : notices_of(records[i])) {
      if (notice.change() && !pages(notice)) continue;
      CDCTL_TRY_ASSIGN(const auto sent, send(*http, line, notice, records[i], deadline));
      using enum Delivery::State;
      if (sent.state == taken) continue;
      if (sent.state == refused) {
        out.refused.push_back({i, sent.why});
        break;
      }
      // What was taken of this batch stays taken; the next one begins with this record.
      if (sent.state == closed && i == 0)
        return fail(ExitCode::config, fmt::format("{}: {}", receivers.place(receiver), sent.why));
      out.why = sent.why;
      out.wait = sent.wait;
      for (; i < records.size(); ++i) out.again.push_back(i);
      return out;
    }
  }
  return out;
}

}  // namespace cdctl::pagerduty
