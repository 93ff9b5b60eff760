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

/// Which no receiver of records has to say.
bool is_web_page(const HttpResponse& answer) {
  std::string begin(trimmed(answer.body).substr(0, 9));
  for (auto& c : begin) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
  return begin.starts_with("<!doctype") || begin.starts_with("<html");
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

Delivery not_its_answer(const HttpResponse& answer) {
  const auto words = said(answer);
  return {Delivery::State::again,
          fmt::format("HTTP {}, but this is not what it answers: {}; is there a login or a proxy "
                      "before it?",
                      answer.status, words.empty() ? "nothing" : words),
          Millis(0)};
}

Delivery delivery_of(const Result<HttpResponse>& answer, std::span<const int> retried) {
  using enum Delivery::State;
  if (!answer) return {again, with_shown_addresses(answer.error().what), Millis(0)};
  const auto status = answer->status;
  if (status >= 200 && status < 300)
    return is_web_page(*answer) ? not_its_answer(*answer) : Delivery();
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

void Receivers::add(const std::string& name, const Json& table,
                    std::span<const std::string_view> keys) {
  tables_[name] = table;
  if (!table.is_object()) {
    problems_.push_back({name, key(name), place(name) + " must be a table"});
    return;
  }
  const std::vector<std::string> known(keys.begin(), keys.end());
  for (const auto& [member, value] : table.members())
    if (std::ranges::find(known, member) == known.end() && !(name.empty() && member == "receivers"))
      problems_.push_back({name, key(name) + "." + member,
                           fmt::format("{}: unknown key '{}'{}", place(name), printable(member, 60),
                                       did_you_mean(member, known))});
}

Receivers Receivers::read(const Config& config, std::string_view sink,
                          std::span<const std::string_view> keys) {
  Receivers out;
  out.sink_ = sink;
  out.file_ = config.file.string();
  const auto& own = config.table[sink];
  if (own.is_null()) return out;
  const auto& others = own["receivers"];
  // A table that only has others in it is no receiver.
  if (!others.is_object() || own.members().size() > 1) out.add("", own, keys);
  for (const auto& [name, table] : others.members()) {
    out.add(name, table, keys);
    if (!valid_word(name))
      out.problems_.push_back(
          {name, out.key(name),
           fmt::format("[{}.receivers]: '{}' is not a name: lower-case letters, digits, single "
                       "dashes",
                       sink, printable(name, 60))});
  }
  return out;
}

ReceiverList Receivers::list(const Check& check) const {
  ReceiverList out;
  out.problems = problems_;
  for (const auto& [name, table] : tables_) {
    if (check && table.is_object())
      for (auto& problem : check(name, table)) {
        problem.receiver = name;
        out.problems.push_back(std::move(problem));
      }
    if (std::ranges::find(out.problems, name, &ReceiverList::Problem::receiver) ==
        out.problems.end())
      out.names.push_back(name);
  }
  return out;
}

Result<const Json*> Receivers::table(const std::string& name) const {
  const auto wrong = std::ranges::find(problems_, name, &ReceiverList::Problem::receiver);
  if (wrong != problems_.end()) return fail(ExitCode::config, file_ + ": " + wrong->what);
  const auto found = tables_.find(name);
  if (found != tables_.end()) return &found->second;
  return fail(ExitCode::config, fmt::format("{} has no {}", file_, place(name)));
}

std::string Receivers::place(const std::string& name) const {
  return name.empty() ? fmt::format("[{}]", sink_) : fmt::format("[{}.receivers.{}]", sink_, name);
}

std::string Receivers::key(const std::string& name) const {
  return name.empty() ? sink_ : sink_ + ".receivers." + name;
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
