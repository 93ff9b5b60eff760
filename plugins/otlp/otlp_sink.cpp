#include "plugins/otlp/otlp_sink.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

#include <fmt/format.h>

#include <cdctl/text.hpp>
#include <cdctl/time.hpp>

#include "plugins/otlp/log_record.hpp"

namespace cdctl::otlp {

namespace {

constexpr std::string_view k_keys[] = {"url",    "token_file", "token_env",  "token_command",
                                       "header", "ca_file",    "environment"};
/// What the protocol lets a client send again. A 500 is not among them.
constexpr int k_later[] = {429, 502, 503, 504};

/// Where a receiver is.
struct Line {
  std::string url, token, header, ca_file, environment;
};

Result<Line> line_to(const Receivers& receivers, const std::string& name, const Config& config) {
  const auto wrong = [&](std::string_view what) {
    return fail(ExitCode::config, fmt::format("{}: {}", receivers.place(name), what));
  };
  CDCTL_TRY_ASSIGN(const auto* const table, receivers.table(name));
  Line out;
  out.url = (*table)["url"].as_string();
  while (out.url.ends_with('/')) out.url.pop_back();
  if (out.url.empty()) return wrong("has no url; add url = \"http://127.0.0.1:4318\"");
  if (!out.url.ends_with("/v1/logs")) out.url += "/v1/logs";
  CDCTL_TRY_ASSIGN(auto token, read_secret(*table, "token", config));
  out.token = std::move(token).value_or("");
  out.header = (*table)["header"].as_string();
  const auto bad = [](char c) {
    return !((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
             c == '-' || c == '_');
  };
  if (std::ranges::any_of(out.header, bad))
    return wrong("'header' is the name of a header, such as \"api-key\"");
  if (!out.header.empty() && out.token.empty())
    return wrong("has a header and no token for it; add token_file");
  if (const auto file = (*table)["ca_file"].view(); !file.empty())
    out.ca_file = (config.file.parent_path() / file).string();
  out.environment = (*table)["environment"].as_string();
  return out;
}

HttpRequest request_of(const Line& line, std::span<const Json> records, const Deadline& deadline) {
  HttpRequest out;
  out.method = "POST";
  out.url = line.url;
  export_request(records, line.environment, now().time_since_epoch().count()).dump_to(out.body);
  out.headers = {{"Content-Type", "application/json"}};
  if (!line.token.empty())
    out.headers.emplace_back(line.header.empty() ? "Authorization" : line.header,
                             line.header.empty() ? "Bearer " + line.token : line.token);
  out.ca_file = line.ca_file;
  out.deadline = deadline;
  out.max_bytes = 1 << 20;  // of it a line is kept
  return out;
}

/// A number as the JSON of protobuf has it: as a string, or as a number by who is less strict.
std::int64_t count_in(const Json& value) {
  if (value.is_int()) return value.as_int();
  std::int64_t out = 0;
  const auto text = value.view();
  std::from_chars(text.data(), text.data() + text.size(), out);
  return out;
}

/// An empty one is "all of it", too.
bool is_answer(const std::string& body) {
  const auto json = Json::parse(body);
  return trimmed(body).empty() || (json && json->is_object());
}

}  // namespace

PassAnswer read_answer(const std::string& body, std::size_t count, std::string& partial) {
  PassAnswer out;
  const auto json = Json::parse(body);
  if (!json) return out;  // an empty answer is "all of it", too
  const auto& said = (*json)["partialSuccess"];
  const auto rejected = count_in(said["rejectedLogRecords"]);
  const auto why = printable(said["errorMessage"].view(), 300);
  if (rejected <= 0 && why.empty()) return out;
  if (rejected >= static_cast<std::int64_t>(count)) {
    for (std::size_t i = 0; i < count; ++i) out.refused.push_back({i, "rejected: " + why});
    return out;
  }
  partial = rejected > 0
                ? fmt::format("{} of {} records were rejected, and it does not say which: {}",
                              rejected, count, why)
                : why;
  return out;
}

Result<ReceiverList> OtlpSink::do_receivers() {
  return Receivers::read(host_.config(), "otlp", k_keys).list();
}

/// All of it; what keeps logs keeps no conditions.
bool OtlpSink::do_wants(const std::string&, const Json& record) {
  return !record["ends_only"].as_bool();
}

Result<PassAnswer> OtlpSink::do_pass(const std::string& receiver, std::span<const Json> records,
                                     const Deadline& deadline) {
  if (records.empty()) return {};
  const auto receivers = Receivers::read(host_.config(), "otlp", k_keys);
  CDCTL_TRY_ASSIGN(const auto line, line_to(receivers, receiver, host_.config()));
  CDCTL_TRY_ASSIGN(auto* const http, host_.http());
  const auto answer = http->send(request_of(line, records, deadline));
  auto sent = delivery_of(answer, k_later);
  if (answer && sent.state == Delivery::State::taken && !is_answer(answer->body))
    sent = not_its_answer(*answer);
  sent = without(std::move(sent), line.token);
  using enum Delivery::State;
  PassAnswer out;
  if (sent.state == taken) {
    std::string partial;
    out = read_answer(answer->body, records.size(), partial);
    // A server may repeat what let us in
    const auto hidden = [&](std::string why) {
      return without({refused, std::move(why), Millis(0)}, line.token).why;
    };
    for (auto& one : out.refused) one.why = hidden(std::move(one.why));
    partial = hidden(std::move(partial));
    if (!partial.empty())
      host_.log(Level::warning, fmt::format("{}: {}", receivers.place(receiver), partial));
    return out;
  }
  if (sent.state == closed)
    return fail(ExitCode::config, fmt::format("{}: {}", receivers.place(receiver), sent.why));
  for (std::size_t i = 0; i < records.size(); ++i)
    if (sent.state == again)
      out.again.push_back(i);
    else
      out.refused.push_back({i, sent.why});
  out.why = sent.why;
  out.wait = sent.wait;
  return out;
}

}  // namespace cdctl::otlp
