#include "plugins/webhook/formats.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include <cdctl/digest.hpp>
#include <cdctl/signal.hpp>
#include <cdctl/text.hpp>

namespace cdctl::webhook {

namespace {

constexpr std::array<std::pair<std::string_view, Format>, 6> k_formats{
    {{"slack", Format::slack},
     {"teams", Format::teams},
     {"cloudevents", Format::cloudevents},
     {"cdevents", Format::cdevents},
     {"json", Format::json},
     {"text", Format::text}}};

constexpr std::string_view k_cloudevents = "application/cloudevents+json";

/// A chat shows text of others. In a code span it calls nobody, and makes no link, list or bold
/// word of it: that is so in Slack, Mattermost and Rocket.Chat, whose markups differ otherwise.
std::string for_chat(std::string_view text) {
  std::string out = "`";
  for (const char c : text) {
    if (c == '&')
      out += "&amp;";
    else if (c == '<')
      out += "&lt;";
    else if (c == '>')
      out += "&gt;";
    else
      out += c == '`' ? '\'' : c;
  }
  return out + '`';
}

std::string_view mark_of(const Notice& notice) {
  if (notice.change()) return "🔵";
  if (notice.over) return "🟢";
  return notice.severity >= Severity::error ? "🔴" : "🟡";
}

Message slack_message(const Notice& notice) {
  return {Json::object({{"text", fmt::format("{} {}", mark_of(notice), for_chat(notice.summary))}})
              .dump()};
}

/// Markdown in a card would make links and mentions of what a worker says.
std::string for_card(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (std::string_view("\\`*_{}[]()<>#+-!|~").contains(c)) out += '\\';
    out += c;
  }
  return out;
}

Message teams_message(const Notice& notice) {
  const auto block =
      Json::object({{"type", "TextBlock"},
                    {"wrap", true},
                    {"text", fmt::format("{} {}", mark_of(notice), for_card(notice.summary))}});
  const auto card = Json::object({{"$schema", "http://adaptivecards.io/schemas/adaptive-card.json"},
                                  {"type", "AdaptiveCard"},
                                  {"version", "1.4"},
                                  {"body", Json::array({block})}});
  const auto attachment =
      Json::object({{"contentType", "application/vnd.microsoft.card.adaptive"}, {"content", card}});
  return {Json::object({{"type", "message"}, {"attachments", Json::array({attachment})}}).dump()};
}

/// The record as the data of an event that is told apart by its identity.
Message cloud_event(const Json& record, const Style& style) {
  if (record["schema"].view() == "cdctl.signal/1")
    return {to_cloud_event(record).dump(), std::string(k_cloudevents)};
  auto kind = record["schema"].view();
  if (kind.starts_with("cdctl.")) kind.remove_prefix(6);
  const auto name = std::string(take_until(kind, '/'));
  auto event = Json::object(
      {{"specversion", "1.0"},
       {"id", sha256_hex(record.canonical()).substr(0, 32)},
       {"source", "/" + style.source},
       {"type", fmt::format("org.cdctl.{}.v{}", name, kind.empty() ? "1" : std::string(kind))},
       {"time", record["time"].as_string(to_rfc3339(now()))},
       {"datacontenttype", "application/json"}});
  for (const char* key : {"set", "service", "target"})
    if (const auto subject = record[key].view(); !subject.empty()) {
      event.set("subject", subject);
      break;
    }
  return {event.set("data", record).dump(), std::string(k_cloudevents)};
}

// CDEvents 0.5.1: schemas/serviceupgraded.json and its neighbours. Members beside those of the
// schema are refused, so that ours are in customData.

Json environment_of(const Style& style) {
  return Json::object({{"id", style.environment}, {"source", "/" + style.source}});
}

std::string artifact_of(const Notice& notice) {
  return fmt::format("pkg:generic/{}@{}", notice.service, notice.revision);
}

struct CdEvent {
  std::string_view type;
  std::string subject;
  Json content;
};

std::optional<CdEvent> cd_event_of(const Notice& notice, const Style& style) {
  using enum Notice::Kind;
  const auto environment = environment_of(style);
  switch (notice.kind) {
    case deployed:
      return CdEvent{
          "dev.cdevents.service.deployed.0.3.0", notice.service,
          Json::object({{"environment", environment}, {"artifactId", artifact_of(notice)}})};
    case reaped:
      return CdEvent{"dev.cdevents.service.removed.0.3.0", notice.service,
                     Json::object({{"environment", environment}})};
    case landed:
      return CdEvent{
          "dev.cdevents.change.merged.0.3.0", notice.target,
          Json::object({{"repository",
                         Json::object({{"id", notice.target}, {"source", "/" + style.source}})}})};
    case cut:
    case uncut:
    case everyone:
    case outage: {
      auto content = Json::object({{"description", notice.summary},
                                   {"environment", environment},
                                   {"service", Json::object({{"id", notice.service}})}});
      if (!notice.revision.empty()) content.set("artifactId", artifact_of(notice));
      return CdEvent{notice.over ? "dev.cdevents.incident.resolved.0.3.0"
                                 : "dev.cdevents.incident.detected.0.3.0",
                     notice.key, std::move(content)};
    }
    default:
      return {};
  }
}

std::optional<Message> cd_message(const Notice& notice, const Json& record, const Style& style) {
  auto event = cd_event_of(notice, style);
  if (!event) return {};
  const auto source = "/" + style.source, time = to_rfc3339(notice.time);
  const auto context = Json::object({{"specversion", "0.5.1"},
                                     {"id", notice.id},
                                     {"source", source},
                                     {"type", event->type},
                                     {"timestamp", time}});
  const auto data =
      Json::object({{"context", context},
                    {"subject", Json::object({{"id", event->subject},
                                              {"source", source},
                                              {"content", std::move(event->content)}})},
                    {"customData", record},
                    {"customDataContentType", "application/json"}});
  return Message{Json::object({{"specversion", "1.0"},
                               {"id", notice.id},
                               {"source", source},
                               {"type", event->type},
                               {"subject", event->subject},
                               {"time", time},
                               {"datacontenttype", "application/json"},
                               {"data", data}})
                     .dump(),
                 std::string(k_cloudevents)};
}

// A template.

using Value = std::string (*)(const Notice&);
constexpr std::array<std::pair<std::string_view, Value>, 12> k_names{
    {{"summary", [](const Notice& n) { return n.summary; }},
     {"severity", [](const Notice& n) { return std::string(to_string(n.severity)); }},
     {"kind", [](const Notice& n) { return std::string(to_string(n.kind)); }},
     {"state",
      [](const Notice& n) {
        return std::string(n.change() ? "change" : n.over ? "over" : "begun");
      }},
     {"key", [](const Notice& n) { return n.key; }},
     {"id", [](const Notice& n) { return n.id; }},
     {"service", [](const Notice& n) { return n.service; }},
     {"revision", [](const Notice& n) { return n.revision; }},
     {"set", [](const Notice& n) { return n.set; }},
     {"target", [](const Notice& n) { return n.target; }},
     {"by", [](const Notice& n) { return n.by; }},
     {"time", [](const Notice& n) { return to_rfc3339(n.time); }}}};

/// A name in angle brackets at the front of `text`; empty where there is none.
std::string_view name_at(std::string_view text) {
  if (!text.starts_with('<')) return {};
  const auto end = text.find('>');
  if (end == text.npos) return {};
  const auto name = text.substr(1, end - 1);
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; };
  return !name.empty() && std::ranges::all_of(name, letter) ? name : std::string_view();
}

std::string as_json_text(const std::string& text) {
  std::string quoted;
  append_json_string(quoted, text);
  return quoted.substr(1, quoted.size() - 2);
}

Message text_message(const Notice& notice, const Style& style) {
  const bool json = style.content_type.contains("json");
  std::string out;
  for (std::string_view rest = style.text; !rest.empty();) {
    const auto name = name_at(rest);
    const auto known = std::ranges::find(k_names, name, &decltype(k_names)::value_type::first);
    if (known == k_names.end()) {
      out += rest.front();
      rest.remove_prefix(1);
      continue;
    }
    const auto value = known->second(notice);
    out += json ? as_json_text(value) : value;
    rest.remove_prefix(name.size() + 2);
  }
  return {std::move(out), style.content_type};
}

/// What people want to hear of in a chat: conditions of all kinds but a service's own chatter, and
/// what was done.
bool worth_a_line(const Notice& notice) {
  if (notice.implied) return false;
  return notice.kind != Notice::Kind::signal || notice.severity >= Severity::error;
}

}  // namespace

std::optional<Format> parse_format(std::string_view text) {
  const auto found = std::ranges::find(k_formats, text, &decltype(k_formats)::value_type::first);
  return found == k_formats.end() ? std::optional<Format>() : found->second;
}

std::string_view format_names() { return "slack, teams, cloudevents, cdevents, json, text"; }

std::vector<Message> messages_of(const Json& record, const Style& style) {
  if (style.format == Format::json) return {{record.dump()}};
  if (style.format == Format::cloudevents) return {cloud_event(record, style)};
  std::vector<Message> out;
  for (const auto& notice : notices_of(record)) {
    if (style.format == Format::cdevents) {
      if (auto message = cd_message(notice, record, style); message && !notice.implied)
        out.push_back(std::move(*message));
      continue;
    }
    if (notice.implied) continue;
    if (style.format == Format::slack) out.push_back(slack_message(notice));
    if (style.format == Format::teams) out.push_back(teams_message(notice));
    if (style.format == Format::text) out.push_back(text_message(notice, style));
  }
  return out;
}

bool is_for(const Json& record, Format format) {
  if (format == Format::json || format == Format::cloudevents)
    return !record["ends_only"].as_bool();
  if (format == Format::cdevents) {
    Style style;
    style.format = format;
    return !messages_of(record, style).empty();
  }
  return std::ranges::any_of(notices_of(record), worth_a_line);
}

std::string unknown_name(std::string_view text) {
  for (; !text.empty(); text.remove_prefix(1))
    if (const auto name = name_at(text);
        !name.empty() &&
        std::ranges::find(k_names, name, &decltype(k_names)::value_type::first) == k_names.end())
      return std::string(name);
  return {};
}

}  // namespace cdctl::webhook
