#include "plugins/webhook/webhook_sink.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include <cdctl/text.hpp>

#include "plugins/webhook/address.hpp"
#include "plugins/webhook/formats.hpp"

namespace cdctl::webhook {

namespace {

constexpr std::string_view k_keys[] = {
    "url",    "url_file", "url_env",      "url_command", "token_file", "token_env", "token_command",
    "format", "text",     "content_type", "environment", "source",     "ca_file"};

/// Where a receiver is, and how it wants records.
struct Line {
  std::string url, token, ca_file;
  Style style;
};

/// Everything that is wrong with a table goes to `problems`, each with its place.
Style style_of(const Receivers& receivers, const std::string& name, const Json& table,
               std::vector<ReceiverList::Problem>& problems) {
  const auto wrong = [&](std::string_view key, std::string_view what) {
    problems.push_back({name, receivers.key(name) + (key.empty() ? "" : ".") + std::string(key),
                        fmt::format("{}: {}", receivers.place(name), what)});
  };
  Style out;
  const auto format = parse_format(table["format"].as_string("slack"));
  if (!format) wrong("format", fmt::format("'format' must be one of {}", format_names()));
  out.format = format.value_or(Format::slack);
  out.text = table["text"].as_string();
  out.content_type = table["content_type"].as_string("text/plain; charset=utf-8");
  out.environment = table["environment"].as_string("default");
  out.source = table["source"].as_string("cdctl");
  int addresses = 0;
  for (const char* key : {"url", "url_file", "url_env", "url_command"})
    addresses += table[key].is_null() ? 0 : 1;
  if (addresses != 1)
    wrong("", "it needs one of url, url_file, url_env and url_command, and not two");
  if (const auto& url = table["url"]; url.is_string() && !is_web_address(url.view()))
    wrong("url", "'url' is not an http address");
  if (format && (out.format == Format::text) == out.text.empty())
    wrong("", "format = \"text\" and text = \"…\" go together");
  if (const auto name_there = unknown_name(out.text); !name_there.empty())
    wrong("text",
          fmt::format("'text': there is no <{}>; docs/notify.md has the names", name_there));
  return out;
}

Result<Line> line_to(const Receivers& receivers, const std::string& name, const Config& config) {
  CDCTL_TRY_ASSIGN(const auto* const table, receivers.table(name));
  Line out;
  std::vector<ReceiverList::Problem> wrong;
  out.style = style_of(receivers, name, *table, wrong);
  if (!wrong.empty()) return fail(ExitCode::config, wrong.front().what);
  out.url = (*table)["url"].as_string();
  if (out.url.empty()) {
    CDCTL_TRY_ASSIGN(out.url, needed_secret(receivers, name, "url", config));
  }
  if (!is_web_address(out.url))
    return fail(ExitCode::config, receivers.place(name) + ": its url is not an http address");
  CDCTL_TRY_ASSIGN(auto token, read_secret(*table, "token", config));
  out.token = std::move(token).value_or("");
  if (const auto file = (*table)["ca_file"].view(); !file.empty())
    out.ca_file = (config.file.parent_path() / file).string();
  return out;
}

/// Slack says `ok`, or in a 200 that it is not, by a word (`no_text`) or as JSON. What is neither
/// is not its answer.
Delivery said_by(const Style& style, const HttpResponse& answer) {
  if (style.format != Format::slack || answer.status != 200) return {};
  const auto body = trimmed(answer.body);
  if (body.empty() || body == "ok") return {};
  if (body.find_first_not_of("abcdefghijklmnopqrstuvwxyz_") != body.npos) {
    const auto json = Json::parse(body);
    if (!json || !json->is_object()) return not_its_answer(answer);
    if ((*json)["ok"].as_bool(true)) return {};
  }
  return {Delivery::State::refused, "it says: " + printable(answer.body, 200), Millis(0)};
}

Delivery post(Http& http, const Line& line, const Message& message, const Deadline& deadline) {
  HttpRequest request;
  request.method = "POST";
  request.url = line.url;
  request.body = message.body;
  request.headers = {{"Content-Type", message.content_type}};
  if (!line.token.empty()) request.headers.emplace_back("Authorization", "Bearer " + line.token);
  request.ca_file = line.ca_file;
  request.deadline = deadline;
  request.max_bytes = 1 << 20;  // of it a line is kept
  const auto answer = http.send(request);
  auto out = delivery_of(answer, k_retried);
  if (answer && out.state == Delivery::State::taken) out = said_by(line.style, *answer);
  for (const auto& secret : secret_parts(line.url)) out = without(std::move(out), secret);
  return without(std::move(out), line.token);
}

}  // namespace

Result<ReceiverList> WebhookSink::do_receivers() {
  const auto receivers = Receivers::read(host_.config(), "webhook", k_keys);
  return receivers.list([&](const std::string& name, const Json& table) {
    std::vector<ReceiverList::Problem> out;
    (void)style_of(receivers, name, table, out);
    return out;
  });
}

bool WebhookSink::do_wants(const std::string& receiver, const Json& record) {
  const auto& own = host_.config().table["webhook"];
  const auto& table = receiver.empty() ? own : own["receivers"][receiver];
  const auto format = parse_format(table["format"].as_string("slack"));
  return !format || is_for(record, *format);
}

/// One after the other, in order; what comes behind one that was not taken waits with it.
Result<PassAnswer> WebhookSink::do_pass(const std::string& receiver, std::span<const Json> records,
                                        const Deadline& deadline) {
  if (records.empty()) return {};
  const auto receivers = Receivers::read(host_.config(), "webhook", k_keys);
  CDCTL_TRY_ASSIGN(const auto line, line_to(receivers, receiver, host_.config()));
  CDCTL_TRY_ASSIGN(auto* const http, host_.http());
  PassAnswer out;
  for (std::size_t i = 0; i < records.size(); ++i) {
    for (const auto& message : messages_of(records[i], line.style)) {
      const auto sent = post(*http, line, message, deadline);
      using enum Delivery::State;
      if (sent.state == taken) continue;
      if (sent.state == refused) {
        out.refused.push_back({i, sent.why});
        break;
      }
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

}  // namespace cdctl::webhook
