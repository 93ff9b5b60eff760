#include "core/probe/metric_query.hpp"

#include <charconv>
#include <cmath>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include <cdctl/json.hpp>
#include <cdctl/text.hpp>
#include <cdctl/url.hpp>

namespace cdctl::probe {

namespace {

using Op = Bound::Op;

/// The longer ones first.
constexpr std::pair<std::string_view, Op> k_ops[] = {{"<=", Op::at_most}, {">=", Op::at_least},
                                                     {"==", Op::equal},   {"!=", Op::not_equal},
                                                     {"<", Op::less},     {">", Op::more}};

std::unexpected<Error> unknown(std::string why) { return fail(ExitCode::unknown, std::move(why)); }

/// A number as Prometheus writes it: `0.5`, `1e+06`, `+Inf`, `NaN`.
std::optional<double> number_of(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  double out = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  const bool whole = error == std::errc() && stop == text.data() + text.size();
  return whole ? std::optional(out) : std::nullopt;
}

Result<double> value_of(const Json& sample) {
  const auto& pair = sample.items();
  const auto value = pair.size() == 2 ? number_of(pair[1].view()) : std::nullopt;
  if (!value) return unknown("its value is no number");
  if (std::isnan(*value))
    return unknown("its value is NaN: nothing was counted that it could be made of");
  return *value;
}

/// `HTTP 400: parse error: …`
std::string refusal(const HttpResponse& answer) {
  const auto json = Json::parse(answer.body);
  const auto why = json && json->is_object() ? (*json)["error"].view() : std::string_view();
  return fmt::format("HTTP {}{}{}", answer.status, why.empty() ? "" : ": ", printable(why, 200));
}

}  // namespace

Result<Bound> Bound::parse(std::string_view text) {
  text = trimmed(text);
  for (const auto& [word, op] : k_ops) {
    if (!text.starts_with(word)) continue;
    const auto value = number_of(trimmed(text.substr(word.size())));
    if (!value || !std::isfinite(*value)) break;
    return Bound{op, *value};
  }
  return fail(ExitCode::config,
              fmt::format("'{}' is no bound such as \"<= 5\"", printable(text, 40)));
}

bool Bound::holds(double is) const {
  switch (op) {
    case Op::less:
      return is < value;
    case Op::at_most:
      return is <= value;
    case Op::more:
      return is > value;
    case Op::at_least:
      return is >= value;
    case Op::equal:
      return is == value;
    case Op::not_equal:
      break;
  }
  return is != value;
}

std::string Bound::text() const {
  for (const auto& [word, which] : k_ops)
    if (which == op) return fmt::format("{} {}", word, value);
  return {};
}

std::string filled_query(std::string_view query, const SetName& set) {
  // Names are of small letters, digits and dashes: nothing in them ends a string.
  const std::pair<std::string_view, std::string> values[] = {
      {"{set}", set.str()}, {"{service}", set.service}, {"{revision}", set.revision}};
  std::string out;
  char quote = 0;  // of the string that we are in
  while (!query.empty()) {
    bool filled = false;
    for (const auto& [holder, value] : values) {
      if (!query.starts_with(holder)) continue;
      out += quote ? value : fmt::format("\"{}\"", value);
      query.remove_prefix(holder.size());
      filled = true;
      break;
    }
    if (filled) continue;
    const char c = query.front();
    if (quote && quote != '`' && c == '\\' && query.size() > 1) {
      out += query.substr(0, 2);
      query.remove_prefix(2);
      continue;
    }
    if (quote)
      quote = c == quote ? 0 : quote;
    else if (c == '"' || c == '\'' || c == '`')
      quote = c;
    out += c;
    query.remove_prefix(1);
  }
  return out;
}

HttpRequest query_request(std::string_view server, std::string_view query) {
  while (server.ends_with('/')) server.remove_suffix(1);
  HttpRequest out;
  out.method = "POST";  // a query may be longer than an address
  out.url = fmt::format("{}/api/v1/query", server);
  out.body = "query=" + url_encode(query);
  out.headers = {{"Content-Type", "application/x-www-form-urlencoded"}};
  out.max_bytes = 1 << 20;
  return out;
}

Result<double> value_in(const Result<HttpResponse>& answer) {
  if (!answer) return unknown(answer.error().what);
  if (answer->status != 200) return unknown(refusal(*answer));
  const auto json = Json::parse(answer->body);
  if (!json || (*json)["status"].view() != "success")
    return unknown("its answer is none of Prometheus");
  if (const auto& warnings = (*json)["warnings"].items(); !warnings.empty())
    return unknown(
        fmt::format("its answer may not be whole: {}", printable(warnings.front().view(), 200)));
  const auto& data = (*json)["data"];
  const auto type = data["resultType"].view();
  if (type == "scalar") return value_of(data["result"]);
  if (type != "vector")
    return unknown(
        fmt::format("it is no instant query of numbers: it gives a {}", printable(type, 20)));
  const auto& series = data["result"].items();
  if (series.empty()) return unknown("no series answers it");
  if (series.size() > 1)
    return unknown(
        fmt::format("{} series answer it: make one of them, by sum(…) or max(…)", series.size()));
  return value_of(series.front()["value"]);
}

}  // namespace cdctl::probe
