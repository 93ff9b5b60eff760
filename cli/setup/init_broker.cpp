#include "cli/setup/init_broker.hpp"

#include <algorithm>

#include <fmt/format.h>

#include <cdctl/text.hpp>
#include <cdctl/url.hpp>

namespace cdctl::cli {

namespace {

constexpr const char* k_usual = "http://127.0.0.1:15672";

Result<HttpResponse> ask(Context& context, const BrokerAnswers& answers, std::string_view path,
                         Millis patience) {
  CDCTL_TRY_ASSIGN(auto* const http, context.http());
  HttpRequest request;
  request.url = answers.management + "/api" + std::string(path);
  request.user = answers.user;
  request.password = answers.password;
  request.deadline = Deadline(patience);
  return http->send(request);
}

}  // namespace

std::string broker_nearby(Context& context) {
  BrokerAnswers nobody;
  nobody.management = k_usual;
  const auto answer = ask(context, nobody, "/overview", Millis(300));
  if (!answer || answer->status != 401) return {};
  const auto realm = answer->headers.find(
      "www-authenticate");  // RabbitMQ names itself: Basic realm="RabbitMQ Management"
  return realm != answer->headers.end() && realm->second.contains("RabbitMQ") ? k_usual : "";
}

Result<> read_address(const std::string& text, BrokerAnswers& answers) {
  const auto wrong = [&](std::string_view why) {
    return fail(ExitCode::usage,
                fmt::format("init: --broker '{}' {}; give the address of the broker's management "
                            "API, such as http://USER@127.0.0.1:15672, or none",
                            printable(text.contains('@') ? "…" : text, 80), why));
  };
  const auto url = parse_url(text);
  if (!url || (url->scheme != "http" && url->scheme != "https"))
    return wrong("is no http or https address");
  if (!url->password.empty()) return wrong("may hold no password: use --password-file");
  answers.user = url->user;
  auto& out = answers.management = url->without_credentials();
  while (out.ends_with('/')) out.pop_back();
  if (out.ends_with("/api")) out.resize(out.size() - 4);
  return {};
}

BrokerReply ask_broker(Context& context, const BrokerAnswers& answers) {
  BrokerReply reply;
  const auto overview = ask(context, answers, "/overview", std::chrono::seconds(3));
  if (!overview) {
    reply.trouble = overview.error().what;
    return reply;
  }
  reply.reached = true;
  reply.login = overview->status != 401;
  const auto who =
      reply.login ? ask(context, answers, "/whoami", std::chrono::seconds(3)) : overview;
  if (const auto json = who ? Json::parse(who->body) : Result<Json>(Json()); json && reply.login)
    reply.administrator = std::ranges::any_of(
        (*json)["tags"].items(), [](const Json& tag) { return tag.view() == "administrator"; });
  if (const auto json = Json::parse(overview->body))
    for (const auto& listener : (*json)["listeners"].items())
      if (listener["protocol"].view() == "amqp")
        reply.amqp_port = static_cast<int>(listener["port"].as_int(5672));
  return reply;
}

}  // namespace cdctl::cli
