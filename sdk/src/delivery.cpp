#include <cdctl/delivery.hpp>

#include <algorithm>
#include <charconv>
#include <ctime>
#include <utility>

#include <fmt/format.h>

#include <cdctl/text.hpp>
#include <cdctl/url.hpp>

namespace cdctl {

namespace {

constexpr Millis k_longest_wait = std::chrono::hours(24);
constexpr std::size_t k_longest_answer = 300;
constexpr int k_closed[] = {401, 403, 404, 405, 410};

/// `Sun, 06 Nov 1994 08:49:37 GMT`, RFC 9110's own form of a date.
std::optional<Time> parse_http_date(const std::string& text) {
  std::tm parts{};
  const char* const end = ::strptime(text.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
  if (!end || *end != '\0') return {};
  return Time(std::chrono::seconds(::timegm(&parts)));
}

bool any_of(std::span<const int> statuses, int status) {
  return std::ranges::find(statuses, status) != statuses.end();
}

/// A receiver may repeat the header by which we were let in.
std::string without_credentials(std::string text) {
  for (const std::string_view scheme : {"Basic ", "Bearer ", "ApiKey "})
    for (auto at = text.find(scheme); at != text.npos; at = text.find(scheme, at + 1)) {
      const auto from = at + scheme.size();
      const auto end = std::min(text.find_first_of(" \"'\\,;<>\r\n", from), text.size());
      text.replace(from, end - from, "***");
    }
  return text;
}

/// What somebody has to do before a receiver lets us in.
std::string_view cure_of(int status) {
  if (status < 400) return "redirects are not followed, give the address that takes records";
  return status == 401 || status == 403 ? "mend the key, the token or the password"
                                        : "mend the address";
}

/// What a receiver says, in its own words: of JSON the member that is for people.
std::string said(const HttpResponse& answer) {
  std::string text = without_credentials(answer.body.substr(0, 4096));
  if (const auto json = Json::parse(text); json && json->is_object()) {
    for (const char* key : {"message", "error", "detail", "reason"}) {
      const auto& member = (*json)[key];
      if (member.is_string()) text = member.as_string();
      if (member.is_object() && member["reason"].is_string()) text = member["reason"].as_string();
      if (member.is_string() || member.is_object()) break;
    }
    if (const auto& errors = (*json)["errors"]; !errors.items().empty())
      text += ": " + joined([&] {
                std::vector<std::string> out;
                for (const auto& item : errors.items())
                  out.push_back(item.is_string() ? item.as_string() : item.dump());
                return out;
              }());
  }
  return with_shown_addresses(printable(trimmed(text), k_longest_answer));
}

}  // namespace

std::optional<Millis> retry_after(const HttpResponse& answer, Time now) {
  const auto header = answer.headers.find("retry-after");
  if (header == answer.headers.end()) return {};
  const auto text = std::string(trimmed(header->second));
  std::int64_t seconds = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error == std::errc() && stop == text.data() + text.size() && seconds >= 0)
    return std::min<Millis>(std::chrono::seconds(std::min<std::int64_t>(seconds, 86'400)),
                            k_longest_wait);
  if (const auto at = parse_http_date(text))
    return std::clamp<Millis>(*at - now, Millis(0), k_longest_wait);
  return {};
}

Delivery delivery_of(const Result<HttpResponse>& answer, std::span<const int> retried) {
  using enum Delivery::State;
  if (!answer) return {again, with_shown_addresses(answer.error().what), Millis(0)};
  const auto status = answer->status;
  if (status >= 200 && status < 300) return {};
  auto why = fmt::format("HTTP {}", status);
  if (const auto words = said(*answer); !words.empty()) why += ": " + words;
  if (any_of(retried, status))
    return {again, std::move(why), retry_after(*answer, now()).value_or(Millis(0))};
  if ((status >= 300 && status < 400) || any_of(k_closed, status))
    return {closed, fmt::format("{}; {}: it is tried again each minute", why, cure_of(status)),
            Millis(0)};
  return {refused, std::move(why), Millis(0)};
}

Delivery without(Delivery delivery, std::string_view secret) {
  constexpr std::string_view k_hidden = "***";
  constexpr std::size_t k_telling = 8;  ///< so much of its beginning is the secret, cut off or not
  auto& why = delivery.why;
  if (secret.size() < 2) return delivery;
  const auto head = secret.substr(0, k_telling);
  for (auto at = why.find(head); at != why.npos; at = why.find(head, at + k_hidden.size())) {
    std::size_t length = head.size();
    while (length < secret.size() && at + length < why.size() && why[at + length] == secret[length])
      ++length;
    why.replace(at, length, k_hidden);
  }
  return delivery;
}

Result<Receivers> Receivers::read(const Config& config, std::string_view sink,
                                  std::span<const std::string_view> keys) {
  Receivers out;
  out.sink_ = sink;
  out.file_ = config.file.string();
  const auto& own = config.table[sink];
  if (own.is_null()) return out;
  std::vector<std::string> known(keys.begin(), keys.end());
  const auto check = [&](const std::string& name, const Json& table) -> Result<> {
    if (!table.is_object())
      return fail(ExitCode::config,
                  fmt::format("{}: {} must be a table", out.file_, out.place(name)));
    for (const auto& [key, value] : table.members())
      if (std::ranges::find(known, key) == known.end() && !(name.empty() && key == "receivers"))
        return fail(ExitCode::config,
                    fmt::format("{}: {}: unknown key '{}'{}", out.file_, out.place(name),
                                printable(key, 60), did_you_mean(key, known)));
    out.tables_[name] = table;
    return {};
  };
  CDCTL_TRY(check("", own));
  const auto& others = own["receivers"];
  for (const auto& [name, table] : others.members()) {
    if (!valid_word(name))
      return fail(ExitCode::config,
                  fmt::format("{}: [{}.receivers]: '{}' is not a name: lower-case letters, digits, "
                              "single dashes",
                              out.file_, sink, printable(name, 60)));
    CDCTL_TRY(check(name, table));
  }
  // A table that only has others in it is no receiver.
  if (others.is_object() && own.members().size() == 1) out.tables_.erase("");
  return out;
}

std::vector<std::string> Receivers::names() const {
  std::vector<std::string> out;
  for (const auto& [name, table] : tables_) out.push_back(name);
  return out;
}

Result<const Json*> Receivers::table(const std::string& name) const {
  const auto found = tables_.find(name);
  if (found != tables_.end()) return &found->second;
  return fail(ExitCode::config, fmt::format("{} has no {}", file_, place(name)));
}

std::string Receivers::place(const std::string& name) const {
  return name.empty() ? fmt::format("[{}]", sink_) : fmt::format("[{}.receivers.{}]", sink_, name);
}

Result<std::string> needed_secret(const Receivers& receivers, const std::string& name,
                                  std::string_view key, const Config& config) {
  CDCTL_TRY_ASSIGN(const auto* const table, receivers.table(name));
  auto secret = read_secret(*table, key, config);
  if (!secret) return fail(secret.error().in(receivers.place(name)));
  if (!*secret || (*secret)->empty())
    return fail(ExitCode::config, fmt::format("{} has none of {}_file, {}_env and {}_command",
                                              receivers.place(name), key, key, key));
  return std::move(**secret);
}

}  // namespace cdctl
