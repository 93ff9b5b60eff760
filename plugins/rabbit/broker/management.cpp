#include "plugins/rabbit/broker/management.hpp"

#include <algorithm>
#include <ctime>
#include <map>

#include <fmt/format.h>

#include <cdctl/text.hpp>
#include <cdctl/url.hpp>

namespace cdctl::rabbit {

std::string path_of(std::initializer_list<std::string_view> parts) {
  std::string path;
  for (const auto part : parts) path += "/" + url_encode(part);
  return path;
}

namespace {

/// Of some 25,000 sets. What is made of a text takes twice its size beside it.
constexpr std::size_t k_longest_answer = 20u << 20;

/// RabbitMQ's own words for what it refuses are an object with `error` and `reason`; a proxy's are
/// not.
Json refusal_of(const ApiAnswer& answer) {
  auto json = Json::parse(answer.text);
  return json && (*json)["error"].is_string() ? std::move(*json) : Json();
}

/// RabbitMQ's own reason: a text, or an array of texts.
std::string reason_of(const ApiAnswer& answer) {
  const auto refusal = refusal_of(answer);
  const auto& reason = refusal["reason"];
  return printable(reason.is_string()
                       ? reason.view()
                       : std::string_view(reason.is_null() ? std::string() : reason.dump()),
                   300);
}

Error meaning_of(const ApiCall& call, const ApiAnswer& answer) {
  const auto reason = reason_of(answer);
  const auto tail = reason.empty() ? std::string() : ": " + reason;
  // Only the broker itself can say no, and only to a change: who may not look does not know.
  const bool its_own = call.method != "GET" && !refusal_of(answer).is_null();
  switch (answer.status) {
    case 401:
      return {ExitCode::unknown, fmt::format("{}: the broker refused the login (401{}); check user "
                                             "and password in [rabbit], and that "
                                             "the user has the tag administrator",
                                             call.doing, tail)};
    case 403:
      return {ExitCode::unknown,
              fmt::format("{}: the broker forbids it (403{})", call.doing, tail)};
    case 404:
      if (its_own) return {ExitCode::failed, fmt::format("{}: not there (404)", call.doing)};
      break;
    case 400:
      if (its_own)
        return {ExitCode::failed, fmt::format("{}: the broker refused it{}", call.doing, tail)};
      break;
    default:
      break;
  }
  if (answer.status >= 500) {
    return {ExitCode::unknown, fmt::format("{}: the broker answered {}{}; its log says more",
                                           call.doing, answer.status, tail)};
  }
  return {ExitCode::unknown,
          fmt::format("{}: the broker answered {}{}; is it RabbitMQ's management API?", call.doing,
                      answer.status, tail)};
}

/// Empty when the JSON is what RabbitMQ answers to the call.
std::string_view wrong_shape(const ApiCall& call, const Json& json) {
  if (call.shape == Shape::list && !json.is_array()) return "the answer is not a list";
  if (call.shape != Shape::object) return {};
  if (!json.is_object()) return "the answer is not an object";
  if (!call.name.empty() && json["name"].view() != call.name)
    return "the answer is about something else";
  return {};
}

}  // namespace

std::optional<Time> date_of(const HttpResponse& response) {
  const auto header = response.headers.find("date");
  if (header == response.headers.end()) return {};
  std::tm parts{};
  const char* rest = ::strptime(header->second.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
  if (!rest || *rest) return {};
  return Time(std::chrono::seconds(::timegm(&parts)));
}

void Management::look_at_clock(const HttpResponse& response) const {
  constexpr Millis k_unsure(2000), k_half_a_second(500), k_moved(10'000), k_wrong(30'000);
  const auto theirs = date_of(response);
  if (!theirs) return;
  dated_ = true;
  auto ahead = now() - (*theirs + k_half_a_second);
  if (std::chrono::abs(ahead) <= k_unsure) ahead = {};
  if (std::chrono::abs(ahead - ahead_) <= k_moved && (ahead != Millis(0)) == (ahead_ != Millis(0)))
    return;
  ahead_ = ahead;
  if (std::chrono::abs(ahead) > k_wrong)
    host_.log(
        Level::warning,
        fmt::format("this machine's clock is {} {} the broker's, which counts; run NTP on "
                    "both",
                    to_age(std::chrono::abs(ahead)), ahead > Millis(0) ? "ahead of" : "behind"));
}

Millis Management::ask_ahead(const Deadline& deadline) {
  if (!dated_) (void)send({.path = "/whoami", .doing = "asking for the time"}, deadline);
  return ahead_;
}

ApiCall version_call() {
  return {.path = "/overview?columns=rabbitmq_version", .doing = "asking for the broker's version"};
}

Result<> Management::take_version(const Json& overview) {
  const auto text = overview["rabbitmq_version"].view();
  version_ = parse_version(text);
  if (version_) return {};
  return fail(named(
      {ExitCode::unknown, fmt::format("asking for the broker's version: the answer is '{}'; is it "
                                      "RabbitMQ's management API?",
                                      printable(text, 40))}));
}

Result<Version> Management::ask_version(const Deadline& deadline) {
  if (version_) return *version_;
  CDCTL_TRY_ASSIGN(const auto overview, get(version_call(), deadline));
  CDCTL_TRY(take_version(overview));
  return *version_;
}

bool ApiAnswer::not_there() const { return status == 404 && !refusal_of(*this).is_null(); }

Error Management::named(const Error& error) const {
  return settings_.broker == k_default_broker
             ? error
             : error.in("broker " + settings_.broker).because(Reason::of_broker);
}

Error Management::explain(const ApiCall& call, const ApiAnswer& answer) const {
  return named(meaning_of(call, answer));
}

HttpRequest Management::request_for(const ApiCall& call, const Deadline& deadline) const {
  HttpRequest request;
  request.method = call.method;
  request.url = base() + "/api" + call.path;
  request.headers = call.headers;
  request.user = settings_.user;
  request.password = settings_.password;
  request.ca_file = settings_.ca_file;
  request.deadline = deadline;
  request.max_bytes = k_longest_answer;
  if (!call.body.is_null()) {
    request.body = call.body.dump();
    request.headers.emplace_back("Content-Type", "application/json");
  }
  return request;
}

Result<ApiAnswer> Management::answer_to(const ApiCall& call, Result<HttpResponse> response) const {
  if (response) {
    look_at_clock(*response);
    return ApiAnswer{response->status, std::move(response->body)};
  }
  auto error = std::move(response.error());
  error.what = fmt::format("{}: {}", call.doing, error.what);
  if (error.exit == ExitCode::unknown)
    error.what += "; is the broker up and its management plugin on?";
  if (settings_.managements.size() > 1 && !chosen_)
    error.what += fmt::format("; none of its {} addresses answers", settings_.managements.size());
  return fail(named(std::move(error)));
}

namespace {

constexpr Millis k_each{700};  ///< for a node to say that it is there

/// The node of each broker that answered last, for whoever asks next in this process.
std::map<std::string, std::size_t>& last_good() {
  static std::map<std::string, std::size_t> good;
  return good;
}

}  // namespace

bool says_who(const HttpResponse& response) {
  return response.status == 200 || response.status == 401;
}

void Management::choose(Http& http, const Deadline& deadline) {
  const auto& nodes = settings_.managements;
  if (nodes.size() < 2 || chosen_) return;
  const auto key = joined(nodes, " ");
  const auto first = last_good()[key];
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    chosen_ = (first + i) % nodes.size();
    const auto answer = http.send(request_for(
        {.path = "/whoami", .doing = "asking whether it is there"}, deadline.at_most(k_each)));
    if (answer && says_who(*answer)) {
      last_good()[key] = *chosen_;
      return;
    }
    if (deadline.passed()) break;
  }
  chosen_.reset();  // the first one says what is wrong
}

bool Management::gone(std::span<const Result<HttpResponse>> responses) {
  if (settings_.managements.size() < 2 || !chosen_) return false;
  const auto unanswered = [](const Result<HttpResponse>& response) {
    return !response && (response.error().exit == ExitCode::unknown ||
                         response.error().exit == ExitCode::timeout);
  };
  if (std::ranges::none_of(responses, unanswered)) return false;
  chosen_.reset();
  return std::ranges::all_of(responses, [](const Result<HttpResponse>& response) {
    return !response && response.error().exit == ExitCode::unknown;
  });
}

std::vector<Result<ApiAnswer>> Management::send_all(std::span<const ApiCall> calls,
                                                    const Deadline& deadline,
                                                    std::size_t parallel) {
  auto http = host_.http();
  if (!http) return std::vector<Result<ApiAnswer>>(calls.size(), std::unexpected(http.error()));
  const auto ask = [&] {
    choose(**http, deadline);
    std::vector<HttpRequest> requests;
    for (const auto& call : calls) requests.push_back(request_for(call, deadline));
    return (*http)->send_all(requests, parallel);
  };
  auto responses = ask();
  if (gone(responses)) responses = ask();
  std::vector<Result<ApiAnswer>> answers;
  for (std::size_t i = 0; i < responses.size(); ++i)
    answers.push_back(answer_to(calls[i], std::move(responses[i])));
  return answers;
}

Result<ApiAnswer> Management::send(const ApiCall& call, const Deadline& deadline) {
  return std::move(send_all(std::span(&call, 1), deadline, 1).front());
}

Result<Json> Management::parse(const ApiCall& call, const ApiAnswer& answer) const {
  if (answer.status != 200) return fail(explain(call, answer));
  auto json = Json::parse(answer.text);
  if (!json)
    return fail(
        named({ExitCode::unknown,
               fmt::format("{}: the answer is not JSON ({}); is it RabbitMQ's management API?",
                           call.doing, json.error().what)}));
  if (const auto wrong = wrong_shape(call, *json); !wrong.empty())
    return fail(named({ExitCode::unknown, fmt::format("{}: {}; is it RabbitMQ's management API?",
                                                      call.doing, wrong)}));
  return json;
}

Result<Json> Management::get(const ApiCall& call, const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(const auto answer, send(call, deadline));
  return parse(call, answer);
}

Result<std::optional<Json>> Management::get_if_there(const ApiCall& call,
                                                     const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(const auto answer, send(call, deadline));
  if (answer.not_there()) return std::optional<Json>();
  CDCTL_TRY_ASSIGN(auto json, parse(call, answer));
  return std::optional(std::move(json));
}

Result<> Management::act(const ApiCall& call, const Deadline& deadline) {
  return act_all(std::span(&call, 1), deadline);
}

Result<> Management::act_all(std::span<const ApiCall> calls, const Deadline& deadline) {
  return check_all(calls, send_all(calls, deadline));
}

Result<> Management::check_all(std::span<const ApiCall> calls,
                               std::span<const Result<ApiAnswer>> answers) const {
  for (std::size_t i = 0; i < answers.size(); ++i) {
    if (!answers[i]) return fail(answers[i].error());
    if (!answers[i]->ok()) return fail(explain(calls[i], *answers[i]));
  }
  return {};
}

}  // namespace cdctl::rabbit
