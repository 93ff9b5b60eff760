#include "core/feed/listen/read.hpp"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include <cdctl/signal.hpp>
#include <cdctl/text.hpp>
#include <cdctl/url.hpp>

namespace cdctl::feed {

namespace {

constexpr std::size_t k_longest_event = 64u << 10;  ///< CloudEvents: what every hop can carry
constexpr std::string_view k_structured = "application/cloudevents+json",
                           k_batch = "application/cloudevents-batch+json";

ListenRead refused(int status, std::string line) { return {{}, {status, std::move(line)}, {}}; }

/// `Application/JSON; charset=utf-8` → `application/json`
std::string media_type(std::string_view content_type) {
  std::string out(trimmed(take_until(content_type, ';')));
  std::ranges::transform(out, out.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  });
  return out;
}

bool is_json(std::string_view type) {
  return type == "application/json" || type == "text/json" || type.ends_with("+json");
}

/// A signal as someone far away says it. When it was received only the feed says.
Result<Json> signal_of(Json json) {
  if (json.is_object() && !json.find("specversion") && json["set"].is_null() &&
      json["service"].is_string() && json["revision"].is_string())
    json.set("set", json["service"].as_string() + "-" + json["revision"].as_string());
  CDCTL_TRY_ASSIGN(auto flat, from_either_form(std::move(json)));
  flat.erase("received");
  return flat;
}

ListenRead one(Json json, std::size_t size) {
  if (size > k_longest_event) return refused(413, "a signal is at most 64 KiB long");
  auto flat = signal_of(std::move(json));
  if (!flat) return refused(400, flat.error().what);
  return {{std::move(*flat)}, {204, ""}, {}};
}

ListenRead many(const Json& json) {
  ListenRead out;
  for (const auto& item : json.items()) {
    const auto number = out.signals.size() + 1;
    if (item.dump().size() > k_longest_event)
      return refused(413, fmt::format("signal {} is longer than 64 KiB; none was taken", number));
    auto flat = signal_of(item);
    if (!flat)
      return refused(400, fmt::format("signal {}: {}; none was taken", number, flat.error().what));
    out.signals.push_back(std::move(*flat));
  }
  return out;
}

/// CloudEvents' binary mode: the attributes are headers, the body is the data.
ListenRead binary(const Arrival& arrival, std::string_view type) {
  Json event = Json::object();
  for (const auto& [name, value] : arrival.headers) {
    const auto attribute = name.substr(3);
    auto text = url_decode(value);
    std::int64_t number = 0;
    const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    const bool whole =
        attribute == "severitynumber" && error == std::errc() && stop == text.data() + text.size();
    event.set(attribute, whole ? Json(number) : Json(std::move(text)));
  }
  if (!arrival.body.empty()) {
    if (type == "text/plain") {
      event.set("data", Json::object({{"message", printable(arrival.body, 4096)}}));
    } else if (type.empty() || is_json(type)) {
      auto data = Json::parse(arrival.body);
      if (!data || !data->is_object()) return refused(400, "the data is no JSON object");
      event.set("data", std::move(*data));
    } else {
      return refused(415, fmt::format("data of type '{}' is not read; send application/json",
                                      printable(type, 60)));
    }
  }
  return one(std::move(event), arrival.body.size());
}

}  // namespace

ListenRead read_arrival(const Arrival& arrival) {
  const auto path = arrival.target.substr(0, arrival.target.find('?'));
  if (path != "/" && path != "/signals") return refused(404, "signals are posted to / or /signals");
  const auto type = media_type(arrival.content_type);
  const bool enveloped = type.starts_with("application/cloudevents");
  const bool has_headers = std::ranges::any_of(
      arrival.headers, [](const auto& header) { return header.first == "ce-specversion"; });
  if (has_headers && !enveloped) return binary(arrival, type);
  if (enveloped ? (type != k_structured && type != k_batch) : type != "application/json")
    return refused(415, fmt::format("'{}' is not read; send {}, {} or application/json",
                                    printable(type, 60), k_structured, k_batch));
  auto json = Json::parse(arrival.body);
  if (!json) return refused(400, "the body is not JSON: " + json.error().what);
  if (type == k_batch && !json->is_array()) return refused(400, "a batch is a JSON array");
  if (json->is_array())
    return type == k_structured ? refused(400,
                                          "one event is a JSON object; a batch has the type "
                                          "application/cloudevents-batch+json")
                                : many(*json);
  if (type != k_structured && (*json)["alerts"].is_array()) return read_alerts(*json);
  return one(std::move(*json), arrival.body.size());
}

}  // namespace cdctl::feed
