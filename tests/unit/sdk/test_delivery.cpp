#include <fmt/format.h>
#include <catch2/catch.hpp>

#include <cdctl/delivery.hpp>

using namespace cdctl;

namespace {

Result<HttpResponse> answer(int status, std::string body = {},
                            std::map<std::string, std::string> headers = {}) {
  return HttpResponse{status, std::move(body), std::move(headers)};
}

Delivery::State state_of(int status) { return delivery_of(answer(status), k_retried).state; }

Config config_of(std::string_view json) {
  Config out;
  out.file = "/etc/cdctl/cdctl.toml";
  out.table = *Json::parse(json);
  return out;
}

constexpr std::string_view k_keys[] = {"url", "format"};

}  // namespace

TEST_CASE("an answer is taken, later, never, or somebody has to mend the configuration") {
  using enum Delivery::State;
  for (const int status : {200, 202, 204}) CHECK(state_of(status) == taken);
  for (const int status : {408, 429, 500, 502, 503, 504}) CHECK(state_of(status) == again);
  for (const int status : {301, 302, 307, 401, 403, 404, 410}) CHECK(state_of(status) == closed);
  CHECK(delivery_of(HttpResponse{401, "no", {}}, k_retried).why ==
        "HTTP 401: no; mend the key, the token or the password: it is tried again each minute");
  CHECK(delivery_of(HttpResponse{404, "", {}}, k_retried).why.contains("mend the address"));
  CHECK(delivery_of(HttpResponse{302, "", {}}, k_retried).why.contains("redirects are not"));
  for (const int status : {400, 409, 413, 415, 422, 501}) CHECK(state_of(status) == refused);
  CHECK(delivery_of(fail(ExitCode::unknown, "refused"), k_retried).state == again);
}

TEST_CASE("a receiver's own words are in the reason, its addresses' secrets are not") {
  const auto sent = delivery_of(
      answer(
          400,
          R"({"status":"invalid event","message":"Event object is invalid","errors":["no key","x"]})"),
      k_retried);
  CHECK(sent.why == "HTTP 400: Event object is invalid: no key, x");
  CHECK(delivery_of(answer(400, R"({"error":{"type":"t","reason":"why so"}})"), k_retried).why ==
        "HTTP 400: why so");
  CHECK(delivery_of(answer(400, "see https://user:word@host/x?token=abc"), k_retried)
            .why.find("abc") == std::string::npos);
  CHECK(delivery_of(answer(400, std::string(100'000, 'x')), k_retried).why.size() < 400);
}

TEST_CASE("a secret that a receiver repeats is shown to nobody") {
  const auto sent = delivery_of(answer(400, "no key abcdef, abcdef is unknown"), k_retried);
  CHECK(without(sent, "abcdef").why == "HTTP 400: no key ***, *** is unknown");
  CHECK(without(sent, "").why == sent.why);
  const auto cut = delivery_of(answer(400, std::string(290, 'A') + "TOKSECRET888"), k_retried);
  CHECK(without(cut, "TOKSECRET888").why.find("TOKSECR") == std::string::npos);
  for (const char* scheme : {"Basic", "Bearer", "ApiKey"})
    CHECK(
        delivery_of(answer(400, fmt::format("{{\"Authorization\": \"{} ZWxhc3RpYw==\"}}", scheme)),
                    k_retried)
            .why.find("ZWxhc3") == std::string::npos);
}

TEST_CASE("Retry-After is seconds or a date, and never longer than a day") {
  const auto at = *parse_rfc3339("1994-11-06T08:49:30Z");
  const auto wait = [&](std::string text) {
    return retry_after({429, {}, {{"retry-after", std::move(text)}}}, at);
  };
  CHECK(wait("7") == Millis(7'000));
  CHECK(wait("Sun, 06 Nov 1994 08:49:37 GMT") == Millis(7'000));
  CHECK(wait("Sun, 06 Nov 1994 08:00:00 GMT") == Millis(0));
  CHECK(wait("99999999999") == Millis(86'400'000));
  CHECK(wait("999999999999999999999999") == std::nullopt);
  CHECK(wait("soon") == std::nullopt);
  CHECK(wait("-1") == std::nullopt);
  CHECK(retry_after({429, {}, {}}, at) == std::nullopt);
}

TEST_CASE("receivers are the sink's own table and those in it") {
  const auto names = [&](std::string_view json) {
    const auto list = Receivers::read(config_of(json), "webhook", k_keys).list();
    CHECK(list.problems.empty());
    return list.names;
  };
  using Names = std::vector<std::string>;
  CHECK(names("{}").empty());
  CHECK(names(R"({"webhook":{"url":"x"}})") == Names{""});
  CHECK(names(R"({"webhook":{"receivers":{"chat":{"url":"x"}}}})") == Names{"chat"});
  CHECK(names(R"({"webhook":{"url":"x","receivers":{"chat":{"url":"x"}}}})") == Names{"", "chat"});
  // An empty table is one that needs no key.
  CHECK(names(R"({"webhook":{}})") == Names{""});
}

TEST_CASE("a wrong key of a receiver is named with its place, and is nobody else's") {
  const auto list_of = [](std::string_view json) {
    return Receivers::read(config_of(json), "webhook", k_keys).list();
  };
  const auto wrong = list_of(R"({"webhook":{"url":"x","receivers":{"chat":{"ulr":"x"}}}})");
  CHECK(wrong.names == std::vector<std::string>{""});
  REQUIRE(wrong.problems.size() == 1);
  CHECK(wrong.problems[0].receiver == "chat");
  CHECK(wrong.problems[0].key == "webhook.receivers.chat.ulr");
  CHECK(wrong.problems[0].what == "[webhook.receivers.chat]: unknown key 'ulr'; did you mean url?");
  const auto error = [&](std::string_view json) {
    const auto list = list_of(json);
    CHECK(list.names.empty());
    REQUIRE(list.problems.size() == 1);
    return list.problems[0].what;
  };
  CHECK(
      error(R"({"webhook":{"receivers":{"Chat":{"url":"x"}}}})").contains("'Chat' is not a name"));
  CHECK(error(R"({"webhook":{"receivers":{"chat":1}}})").contains("must be a table"));
  CHECK(error(R"({"webhook":1})").contains("must be a table"));
}

TEST_CASE("the table of a receiver that cannot be used is not given out, the others are") {
  const auto read = Receivers::read(
      config_of(R"({"webhook":{"url":"x","receivers":{"chat":{"ulr":"x"}}}})"), "webhook", k_keys);
  CHECK(read.table(""));
  const auto chat = read.table("chat");
  REQUIRE_FALSE(chat);
  CHECK(chat.error().exit == ExitCode::config);
  CHECK(chat.error().what.starts_with("/etc/cdctl/cdctl.toml: [webhook.receivers.chat]: "));
}

TEST_CASE("what a sink finds wrong with a table is of that receiver alone") {
  const auto list =
      Receivers::read(config_of(R"({"webhook":{"url":"x","receivers":{"chat":{"url":"y"}}}})"),
                      "webhook", k_keys)
          .list([](const std::string&, const Json& table) {
            std::vector<ReceiverList::Problem> out;
            if (table["url"].view() == "y") out.push_back({"", "webhook.receivers.chat.url", "y"});
            return out;
          });
  CHECK(list.names == std::vector<std::string>{""});
  REQUIRE(list.problems.size() == 1);
  CHECK(list.problems[0].receiver == "chat");
}

TEST_CASE("a web page in a 200 is a login or a proxy, and nothing was taken") {
  using enum Delivery::State;
  for (const char* page : {"<html><body>log in</body></html>", "\n<!DOCTYPE html>\n<html>"}) {
    const auto sent = delivery_of(answer(200, page), k_retried);
    CHECK(sent.state == again);
    CHECK(sent.why.contains("HTTP 200, but this is not what it answers"));
  }
  for (const char* body : {"", "ok", "{}", "1"})
    CHECK(delivery_of(answer(200, body), k_retried).state == taken);
}
