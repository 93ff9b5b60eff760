#include "plugins/elastic/elastic_sink.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include <cdctl/text.hpp>

#include "plugins/elastic/document.hpp"

namespace cdctl::elastic {

namespace {

constexpr std::string_view k_keys[] = {
    "url",          "user",        "password_file",   "password_env", "password_command",
    "api_key_file", "api_key_env", "api_key_command", "ca_file",      "namespace"};
constexpr int k_too_large = 413;
constexpr std::size_t k_longest_answer = 8u << 20;  // some hundred bytes of each record

/// Where a receiver is.
struct Line {
  std::string url, user, password, api_key, ca_file, name_space;
};

Result<Line> line_to(const Receivers& receivers, const std::string& name, const Config& config) {
  const auto wrong = [&](std::string_view what) {
    return fail(ExitCode::config, fmt::format("{}: {}", receivers.place(name), what));
  };
  CDCTL_TRY_ASSIGN(const auto* const table, receivers.table(name));
  Line out;
  out.url = (*table)["url"].as_string();
  while (out.url.ends_with('/')) out.url.pop_back();
  if (out.url.empty()) return wrong("has no url; add url = \"http://127.0.0.1:9200\"");
  out.user = (*table)["user"].as_string();
  CDCTL_TRY_ASSIGN(auto password, read_secret(*table, "password", config));
  CDCTL_TRY_ASSIGN(auto api_key, read_secret(*table, "api_key", config));
  out.password = std::move(password).value_or("");
  out.api_key = std::move(api_key).value_or("");
  if (const auto file = (*table)["ca_file"].view(); !file.empty())
    out.ca_file = (config.file.parent_path() / file).string();
  out.name_space = (*table)["namespace"].as_string("default");
  const auto bad = [](char c) {
    return !((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '.');
  };
  if (out.name_space.size() > 100 || std::ranges::any_of(out.name_space, bad))
    return wrong("'namespace' has lower-case letters, digits, _ and ., at most 100");
  return out;
}

HttpRequest request_of(const Line& line, std::span<const Json> records, const Deadline& deadline) {
  HttpRequest out;
  out.method = "POST";
  out.url = line.url + "/_bulk";
  for (const auto& record : records) {
    // Data streams take `create` alone, which is what makes a repetition a conflict and no copy.
    const auto action =
        Json::object({{"_index", stream_of(record, line.name_space)}, {"_id", id_of(record)}});
    Json::object({{"create", action}}).dump_to(out.body);
    out.body += '\n';
    document_of(record, line.name_space).dump_to(out.body);
    out.body += '\n';
  }
  out.headers = {{"Content-Type", "application/x-ndjson"}};
  if (!line.api_key.empty()) out.headers.emplace_back("Authorization", "ApiKey " + line.api_key);
  out.user = line.user;
  out.password = line.password;
  out.ca_file = line.ca_file;
  out.deadline = deadline;
  out.max_bytes = k_longest_answer;
  return out;
}

/// Puts the answer about a part of a batch, which begins at `from`, to that of the whole.
void add(PassAnswer& out, PassAnswer part, std::size_t from) {
  for (auto& refused : part.refused) out.refused.push_back({refused.index + from, refused.why});
  for (const auto index : part.again) out.again.push_back(index + from);
  if (!part.why.empty()) out.why = std::move(part.why);
  out.wait = std::max(out.wait, part.wait);
}

class Bulk {
 public:
  Bulk(Http& http, const Line& line, std::string place, const Deadline& deadline)
      : http_(http), line_(line), place_(std::move(place)), deadline_(deadline) {}

  /// Sends records; what is more than the server takes at once in two halves.
  Result<PassAnswer> send(std::span<const Json> records) {
    const auto answer = http_.send(request_of(line_, records, deadline_));
    if (answer && answer->status == k_too_large && records.size() > 1) {
      const auto half = records.size() / 2;
      CDCTL_TRY_ASSIGN(auto out, send(records.first(half)));
      CDCTL_TRY_ASSIGN(auto rest, send(records.subspan(half)));
      add(out, std::move(rest), half);
      return out;
    }
    const auto sent = hidden(delivery_of(answer, k_retried));
    using enum Delivery::State;
    if (sent.state == taken) return answer_in(answer->body, records.size());
    if (sent.state == closed)
      return fail(ExitCode::config, fmt::format("{}: {}", place_, sent.why));
    PassAnswer out;
    for (std::size_t i = 0; i < records.size(); ++i)
      if (sent.state == again)
        out.again.push_back(i);
      else
        out.refused.push_back({i, sent.why});
    out.why = sent.why;
    out.wait = sent.wait;
    return out;
  }

 private:
  /// A server may repeat what let us in, of an item as of the whole.
  [[nodiscard]] Delivery hidden(Delivery delivery) const {
    return without(without(std::move(delivery), line_.api_key), line_.password);
  }
  [[nodiscard]] Result<PassAnswer> answer_in(const std::string& body, std::size_t count) const {
    auto out = read_bulk_answer(body, count);
    if (!out) return out;
    for (auto& refused : out->refused)
      refused.why = hidden({Delivery::State::refused, std::move(refused.why), {}}).why;
    out->why = hidden({Delivery::State::again, std::move(out->why), {}}).why;
    return out;
  }

  Http& http_;
  const Line& line_;
  std::string place_;
  Deadline deadline_;
};

}  // namespace

Result<PassAnswer> read_bulk_answer(const std::string& body, std::size_t count) {
  const auto not_understood = [](std::string_view why) {
    return fail(
        Error{ExitCode::unknown, fmt::format("its answer is no bulk answer: {}", why), true});
  };
  const auto json = Json::parse(body);
  if (!json) return not_understood(json.error().what);
  if (!json->is_object() || !(*json)["errors"].is_bool()) return not_understood("no errors member");
  PassAnswer out;
  if (!(*json)["errors"].as_bool()) return out;
  const auto& items = (*json)["items"].items();
  if (items.size() != count)
    return not_understood(fmt::format("{} items of {}", items.size(), count));
  for (std::size_t i = 0; i < count; ++i) {
    const auto& item = items[i]["create"];
    const auto status = item["status"].as_int();
    const auto why =
        fmt::format("HTTP {} {}: {}", status, printable(item["error"]["type"].view(), 60),
                    printable(item["error"]["reason"].view(), 300));
    constexpr int k_there = 409;
    if ((status >= 200 && status < 300) || status == k_there) continue;
    if (status == 429 || status >= 500) {
      out.again.push_back(i);
      out.why = why;
    } else {
      out.refused.push_back({i, why});
    }
  }
  return out;
}

/// All of it; an index keeps no conditions.
bool ElasticSink::do_wants(const std::string&, const Json& record) {
  return !record["ends_only"].as_bool();
}

Result<ReceiverList> ElasticSink::do_receivers() {
  return Receivers::read(host_.config(), "elastic", k_keys).list();
}

Result<PassAnswer> ElasticSink::do_pass(const std::string& receiver, std::span<const Json> records,
                                        const Deadline& deadline) {
  if (records.empty()) return {};
  const auto receivers = Receivers::read(host_.config(), "elastic", k_keys);
  CDCTL_TRY_ASSIGN(const auto line, line_to(receivers, receiver, host_.config()));
  CDCTL_TRY_ASSIGN(auto* const http, host_.http());
  return Bulk(*http, line, receivers.place(receiver), deadline).send(records);
}

}  // namespace cdctl::elastic
