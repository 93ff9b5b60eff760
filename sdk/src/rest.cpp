#include <cdctl/rest.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <set>

#include <fcntl.h>

#include <fmt/format.h>

#include <cdctl/digest.hpp>
#include <cdctl/fs.hpp>
#include <cdctl/stop.hpp>
#include <cdctl/text.hpp>

namespace cdctl {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t k_together = 6;  ///< requests under way: more counts as abuse at some servers
constexpr std::size_t k_longest_answer = 16u << 20;
constexpr std::size_t k_most_pages = 200;
constexpr unsigned k_tries = 5;
constexpr Millis k_try(30'000);  ///< one that hangs leaves time for another
constexpr Millis k_first_pause(250), k_longest_pause(10'000);
constexpr Millis k_no_word(60'000);  ///< of a rate limit that does not say how long
constexpr std::size_t k_many_kept = 4000;
constexpr std::chrono::hours k_kept_for(24 * 14);

std::optional<std::int64_t> number(std::string_view text) {
  std::int64_t out = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return {};
  return out;
}

std::string_view header(const std::map<std::string, std::string>& headers, const char* name) {
  const auto at = headers.find(name);
  return at == headers.end() ? std::string_view() : std::string_view(at->second);
}

/// Whether a 403 or 429 is about how much was asked, and not about who asks. What is said of a
/// secondary limit is in the text alone.
bool rate_limited(const HttpResponse& answer) {
  if (answer.status == 429) return true;
  if (answer.status != 403) return false;
  if (header(answer.headers, "x-ratelimit-remaining") == "0" ||
      !header(answer.headers, "retry-after").empty())
    return true;
  std::string text = answer.body.substr(0, 2000);
  std::ranges::transform(text, text.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
  });
  return text.contains("rate limit") || text.contains("abuse detection");
}

/// When a server says to come back: in so many seconds, or at a second of its clock, which is near
/// enough to ours.
Millis pause_asked(const std::map<std::string, std::string>& headers, Millis otherwise) {
  constexpr std::int64_t k_week = 7 * 24 * 3600;
  if (const auto after = number(header(headers, "retry-after")))
    return std::chrono::seconds(std::clamp<std::int64_t>(*after, 1, k_week));
  const auto left = header(headers, "x-ratelimit-remaining");
  for (const auto* name : {"x-ratelimit-reset", "ratelimit-reset"})
    if (const auto at = number(header(headers, name)); at && (left.empty() || left == "0")) {
      const auto here = std::chrono::floor<std::chrono::seconds>(now()).time_since_epoch().count();
      return std::chrono::seconds(std::clamp<std::int64_t>(*at, here, here + k_week - 1) - here +
                                  1);
    }
  return otherwise;
}

bool in_trouble(int status) {
  return status == 500 || status == 502 || status == 503 || status == 504;
}

/// `…&page=3`, as this server writes a query.
std::string page_of(const RestServer& server, const std::string& path, std::size_t page) {
  return fmt::format("{}{}{}={}&page={}", path, path.contains('?') ? '&' : '?', server.size_word,
                     server.page_size, page);
}

/// Whether a list goes on. Where a proxy has taken the headers away, a full page says so; the
/// address in `Link` is not followed, since it may be of another host, or not of ours.
bool goes_on(const std::map<std::string, std::string>& headers, std::size_t got, std::size_t all,
             std::size_t asked) {
  const auto link = header(headers, "link");
  if (!link.empty()) return link.contains("rel=\"next\"");
  if (headers.contains("x-next-page")) return !header(headers, "x-next-page").empty();
  if (const auto total = number(header(headers, "x-total-count")))
    return got > 0 && static_cast<std::size_t>(*total) > all;
  return got >= asked;
}

/// A copy that may be lost, so nobody waits for the disk; half a file is never read.
void write_unsafely(const fs::path& path, std::string_view text) {
  const auto beside = path.string() + "." + random_hex(6);
  const Fd file(::open(beside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  const bool written = file.valid() && write_all(file.get(), text);
  std::error_code error;
  if (written) fs::rename(beside, path, error);
  if (!written || error) fs::remove(beside, error);
}

}  // namespace

/// A request as it is sent.
struct Rest::Call {
  RestRequest request;
  std::string etag;

  [[nodiscard]] bool repeatable() const { return request.method == "GET" || request.repeatable; }
  [[nodiscard]] std::string what() const {
    return request.method + " " + request.path.substr(0, request.path.find('?'));
  }
};

/// What is to be made of an answer.
struct Rest::Look {
  std::optional<Millis> wait;  ///< ask again then; empty = it is the answer
  bool limit = false;          ///< the wait is a rate limit
  Error why;                   ///< of the wait
};

struct Rest::Kept {
  std::string etag, body;
  std::map<std::string, std::string> headers;
};

Rest::Rest(Host& host, RestServer server) : host_(host), server_(std::move(server)) {
  std::string whose = server_.api;
  for (const auto& [name, value] : server_.headers) whose += "\n" + name + ": " + value;
  folder_ = host_.home() / "rest" / sha256_hex(whose).substr(0, 24);
}

std::string Rest::without_secrets(std::string text) const {
  for (const auto& [name, value] : server_.headers) {
    if (name != "Authorization" && name != "PRIVATE-TOKEN") continue;
    const auto token = value.substr(value.rfind(' ') + 1);
    for (auto at = text.find(token); token.size() >= 4 && at != text.npos; at = text.find(token))
      text.replace(at, token.size(), "***");
  }
  return text;
}

Error Rest::refusal(const RestRequest& request, const RestAnswer& answer) const {
  auto said = answer.body["message"].as_string();
  if (said.empty()) said = answer.body["error"].as_string();
  if (said.empty() && answer.body["message"].is_object()) said = answer.body["message"].dump();
  for (const auto& one : answer.body["errors"].items())  // GitHub says there what is wrong
    if (const auto text = one["message"].as_string(one.view()); !text.empty()) said += ": " + text;
  said = printable(without_secrets(std::move(said)), 300);
  const auto text =
      fmt::format("{} answers {} to {} {}{}{}", server_.name, answer.status, request.method,
                  printable(request.path.substr(0, request.path.find('?')), 160),
                  said.empty() ? "" : ": ", said);
  Error out{ExitCode::unknown, text};
  if (answer.status == 401) out.what += "; the token is not one that it knows";
  if (answer.status == 403) out.what += "; the token may not do that";
  if (answer.status == 404) {
    out.reason = Reason::not_there;
    out.what += "; it is not there, or the token may not see it";
  }
  if (answer.status >= 300 && answer.status < 400)
    out.what += "; it has moved: correct its address in the target's file";
  return out;
}

std::optional<Time> Rest::closed_until() const {
  const auto text = read_file_if_there(folder_ / "until");
  if (!text || !*text) return {};
  const auto until = parse_rfc3339(trimmed(**text));
  // One of a wrong clock must not keep us away for ever.
  if (!until || *until <= now() || *until > now() + std::chrono::hours(24 * 7)) return {};
  return until;
}

void Rest::close_until(Time until) const {
  if (!make_directories(folder_, 0700)) return;
  write_unsafely(folder_ / "until", to_rfc3339(until) + "\n");
}

Error Rest::come_back(Time until) const {
  return {ExitCode::unknown,
          fmt::format("{} takes no more requests before {} (in {}): its rate limit; come back then",
                      server_.name, to_rfc3339(until),
                      to_age(std::chrono::duration_cast<Millis>(until - now())))};
}

Rest::Look Rest::judge(const Call& call, const Result<HttpResponse>& answer, unsigned round,
                       const Deadline& deadline) const {
  const auto pause =
      std::min(k_longest_pause, k_first_pause * (1 << std::min(round, 10u)));  // NOLINT
  if (!answer) {
    const auto& error = answer.error();
    const bool late = error.exit == ExitCode::timeout && !deadline.passed();
    if (!call.repeatable() || round + 1 >= k_tries || !(late || error.transient)) return {};
    return {pause, false, error};
  }
  if (rate_limited(*answer)) return {pause_asked(answer->headers, k_no_word), true, {}};
  if (!in_trouble(answer->status)) return {};
  const auto why = Error{ExitCode::unknown, fmt::format("{} answers {} to {}", server_.name,
                                                        answer->status, call.what())};
  if (!call.repeatable() || round + 1 >= k_tries) return {{}, false, why};
  return {pause_asked(answer->headers, pause), false, why};
}

std::vector<Result<HttpResponse>> Rest::send(std::span<const Call> calls,
                                             const Deadline& deadline) {
  std::vector<Result<HttpResponse>> out(calls.size(), fail(ExitCode::unknown, "it was not asked"));
  const auto give_up = [&](const std::vector<std::size_t>& places, const Error& error) {
    for (const auto place : places) out[place] = fail(error);
    return out;
  };
  std::vector<std::size_t> left(calls.size());
  for (std::size_t i = 0; i < left.size(); ++i) left[i] = i;
  auto http = host_.http();
  if (!http) return give_up(left, http.error());
  if (const auto until = closed_until()) {
    const auto wait = std::chrono::duration_cast<Millis>(*until - now());
    if (wait >= deadline.left()) return give_up(left, come_back(*until));
    host_.progress(come_back(*until).what);
    if (!pause_for(wait, deadline)) return give_up(left, {ExitCode::interrupted, "interrupted"});
  }
  for (unsigned round = 0; !left.empty(); ++round) {
    std::vector<std::size_t> again;
    Millis wait{};
    bool limit = false;
    for (std::size_t begin = 0; begin < left.size(); begin += k_together) {
      const auto part = std::span(left).subspan(begin, std::min(k_together, left.size() - begin));
      if (limit) {  // asking on is what gets a token banned
        again.insert(again.end(), part.begin(), part.end());
        continue;
      }
      std::vector<HttpRequest> requests;
      for (const auto place : part) {
        const auto& call = calls[place];
        HttpRequest one;
        one.method = call.request.method;
        one.url = server_.api + call.request.path;
        one.headers = server_.headers;
        one.headers.emplace_back("User-Agent", "cdctl");
        if (!call.etag.empty()) one.headers.emplace_back("If-None-Match", call.etag);
        if (!call.request.body.is_null()) {
          one.headers.emplace_back("Content-Type", "application/json");
          one.body = call.request.body.dump();
        }
        one.deadline = deadline.at_most(k_try);
        one.max_bytes = k_longest_answer;
        requests.push_back(std::move(one));
      }
      auto answers = (*http)->send_all(requests, k_together);
      for (std::size_t i = 0; i < part.size(); ++i) {
        auto look = judge(calls[part[i]], answers[i], round, deadline);
        if (!look.wait) {
          out[part[i]] = look.why.what.empty() ? std::move(answers[i])
                                               : Result<HttpResponse>(fail(std::move(look.why)));
          continue;
        }
        again.push_back(part[i]);
        wait = std::max(wait, *look.wait);
        limit = limit || look.limit;
        out[part[i]] = fail(std::move(look.why));
      }
    }
    left = std::move(again);
    if (left.empty()) break;
    if (limit) {
      const auto until = now() + wait;
      close_until(until);
      if (wait >= deadline.left()) return give_up(left, come_back(until));
      host_.progress(come_back(until).what);
    }
    if (wait >= deadline.left()) break;  // each has the error of its last try
    if (!pause_for(wait, deadline)) return give_up(left, {ExitCode::interrupted, "interrupted"});
  }
  return out;
}

Result<RestAnswer> Rest::decode(const Call& call, HttpResponse response) const {
  RestAnswer out{response.status, {}, std::move(response.headers)};
  if (trimmed(response.body).empty()) return out;
  auto body = Json::parse(response.body);
  if (body) {
    out.body = std::move(*body);
  } else if (out.ok()) {
    return fail(ExitCode::unknown,
                fmt::format("{} answers {} with something that is not JSON: {}; is its address "
                            "right?",
                            server_.name, call.what(), body.error().what));
  }
  return out;
}

Result<RestAnswer> Rest::ask(const RestRequest& request, const Deadline& deadline) {
  const Call call{request, {}};
  auto answer = std::move(send(std::span(&call, 1), deadline).front());
  if (!answer) return fail(std::move(answer.error()));
  return decode(call, std::move(*answer));
}

std::optional<Rest::Kept> Rest::kept(const std::string& path) const {
  const auto file = folder_ / (sha256_hex(path).substr(0, 40) + ".json");
  const auto text = read_file_if_there(file);
  if (!text || !*text) return {};
  const auto json = Json::parse(**text);
  if (!json || (*json)["path"].view() != path || (*json)["etag"].view().empty()) return {};
  std::error_code error;  // what is asked for stays
  fs::last_write_time(file, fs::file_time_type::clock::now(), error);
  Kept out{(*json)["etag"].as_string(), (*json)["body"].as_string(), {}};
  for (const auto& [name, value] : (*json)["headers"].members())
    out.headers.emplace(name, value.as_string());
  return out;
}

void Rest::keep(const std::string& path, const HttpResponse& response) {
  const auto etag = header(response.headers, "etag");
  if (etag.empty() || etag.size() > 300 || !make_directories(folder_, 0700)) return;
  if (!std::exchange(tidied_, true)) forget_old();
  auto headers = Json::object();
  for (const auto* name : {"link", "x-next-page", "x-total-count", "x-oauth-scopes"})
    if (response.headers.contains(name)) headers.set(name, response.headers.at(name));
  const auto text = Json::object({{"path", path},
                                  {"etag", etag},
                                  {"headers", std::move(headers)},
                                  {"body", response.body}})
                        .dump();
  write_unsafely(folder_ / (sha256_hex(path).substr(0, 40) + ".json"), text);
}

void Rest::forget_old() const {
  std::error_code error;
  std::vector<fs::path> old;
  std::size_t count = 0;
  const auto oldest = fs::file_time_type::clock::now() - k_kept_for;
  for (fs::directory_iterator at(folder_, error), end; !error && at != end; at.increment(error)) {
    std::error_code gone;
    ++count;
    if (at->last_write_time(gone) < oldest && !gone) old.push_back(at->path());
  }
  for (const auto& path : old) fs::remove(path, error);
  if (count - old.size() > k_many_kept) (void)remove_tree(folder_);
}

std::vector<Result<RestAnswer>> Rest::read(std::span<const std::string> paths,
                                           const Deadline& deadline) {
  std::vector<Call> calls;
  std::vector<std::optional<Kept>> before;
  for (const auto& path : paths) {
    before.push_back(kept(path));
    calls.push_back({{"GET", path, {}, true}, before.back() ? before.back()->etag : ""});
  }
  auto answers = send(calls, deadline);
  std::vector<Result<RestAnswer>> out;
  for (std::size_t i = 0; i < calls.size(); ++i) {
    if (!answers[i]) {
      out.emplace_back(fail(std::move(answers[i].error())));
      continue;
    }
    auto& answer = *answers[i];
    if (answer.status == 304 && before[i]) {
      answer.status = 200;
      answer.body = std::move(before[i]->body);
      answer.headers = std::move(before[i]->headers);
    } else if (answer.status == 200) {
      keep(paths[i], answer);
    }
    auto decoded = decode(calls[i], std::move(answer));
    if (decoded && !decoded->ok())
      out.emplace_back(fail(refusal(calls[i].request, *decoded)));
    else
      out.push_back(std::move(decoded));
  }
  return out;
}

std::vector<Result<Json>> Rest::get_all(std::span<const std::string> paths,
                                        const Deadline& deadline) {
  std::vector<Result<Json>> out;
  for (auto& answer : read(paths, deadline)) {
    if (answer)
      out.emplace_back(std::move(answer->body));
    else
      out.emplace_back(fail(std::move(answer.error())));
  }
  return out;
}

Result<Json> Rest::get(const std::string& path, const Deadline& deadline) {
  return std::move(get_all(std::span(&path, 1), deadline).front());
}

Result<Json::Array> Rest::list(const RestList& list, const Deadline& deadline) {
  return std::move(lists(std::span(&list, 1), deadline).front());
}

/// A list as far as it has come.
struct Rest::Pages {
  Json::Array items;
  std::set<std::string> ids;  ///< what moves on to the next page while we read comes twice
  bool more = true;
  std::optional<Error> error;

  void stop(Error why) {
    error = std::move(why);
    more = false;
  }
  void take(const Json::Array& page) {
    for (const auto& item : page) {
      const auto& id = item["id"];
      // Two files of a tree can be one blob.
      if (id.is_null() || ids.insert(id.dump() + item["path"].dump()).second) items.push_back(item);
    }
  }
};

std::vector<Result<Json::Array>> Rest::lists(std::span<const RestList> lists,
                                             const Deadline& deadline) {
  std::vector<Pages> all(lists.size());
  for (std::size_t page = 1; std::ranges::any_of(all, &Pages::more); ++page) {
    std::vector<std::size_t> open;
    std::vector<std::string> paths;
    for (std::size_t i = 0; i < all.size(); ++i) {
      if (!all[i].more) continue;
      open.push_back(i);
      paths.push_back(page_of(server_, lists[i].path, page));
    }
    auto answers = read(paths, deadline);
    for (std::size_t i = 0; i < open.size(); ++i) {
      auto& pages = all[open[i]];
      const auto& member = lists[open[i]].member;
      if (!answers[i]) {
        pages.stop(std::move(answers[i].error()));
        continue;
      }
      const auto& found = member.empty() ? answers[i]->body : answers[i]->body[member];
      if (!found.is_array()) {
        pages.stop({ExitCode::unknown, fmt::format("{}: {} is not a list; is its address right?",
                                                   server_.name, lists[open[i]].path)});
        continue;
      }
      pages.take(found.items());
      pages.more =
          goes_on(answers[i]->headers, found.items().size(), pages.items.size(), server_.page_size);
      if (pages.more && page >= k_most_pages)
        pages.stop({ExitCode::unknown, fmt::format("{}: {} has more than {} pages", server_.name,
                                                   lists[open[i]].path, k_most_pages)});
    }
  }
  std::vector<Result<Json::Array>> out;
  for (auto& pages : all) {
    if (pages.error)
      out.emplace_back(fail(std::move(*pages.error)));
    else
      out.emplace_back(std::move(pages.items));
  }
  return out;
}

}  // namespace cdctl
