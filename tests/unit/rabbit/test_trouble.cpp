#include <catch2/catch.hpp>

#include <algorithm>
#include <ctime>
#include <thread>

#include <cdctl/set_name.hpp>

#include "plugins/rabbit/doctor.hpp"
#include "plugins/rabbit/feed/feed.hpp"
#include "plugins/rabbit/store/memory.hpp"
#include "plugins/rabbit/switch/switch.hpp"
#include "tests/support/fake_http.hpp"
#include "tests/support/rabbit_broker.hpp"
#include "tests/support/show_result.hpp"

using namespace cdctl;
using namespace cdctl::rabbit;
using cdctl::test::FakeHttp;

namespace {

const SetName k_set{"thumbs", "r0000000001"};

/// A configuration that points to a made-up management API, and to an AMQP port of choice.
struct Given {
  test::TempDir folder;
  test::TestHost host{folder.path()};
  explicit Given(const std::string& management, const std::string& amqp = "amqp://127.0.0.1:1") {
    (void)write_file_atomically(folder.path() / "password", "geheim", 0600);
    host.config_value.file = folder.path() / "cdctl.toml";
    host.config_value.table =
        Json::object({{"rabbit", Json::object({{"management", management},
                                               {"amqp", amqp},
                                               {"user", "op"},
                                               {"password_file", "password"}})}});
  }
};

Deadline within(int ms) { return Deadline(Millis(ms)); }

void check_error(const auto& result, ExitCode exit, std::initializer_list<std::string_view> words) {
  REQUIRE_FALSE(result);
  INFO(result.error().what);
  CHECK(result.error().exit == exit);
  for (const auto word : words) CHECK(result.error().what.contains(word));
  CHECK_FALSE(result.error().what.contains("geheim"));
  CHECK_FALSE(result.error().what.contains('\n'));
}

/// A management API of a user that is there and not cut; `special` may answer first.
FakeHttp::Script broker_script(std::function<std::string(const FakeHttp::Request&)> special) {
  return [special = std::move(special)](const FakeHttp::Request& request) -> std::string {
    if (auto answer = special(request); answer != "default") return answer;
    if (request.method == "PUT" || request.method == "DELETE") return FakeHttp::answer(204, "", "");
    if (request.path.contains("/connections/username/")) return FakeHttp::answer(200, "[]");
    return FakeHttp::answer(200, R"({"name":"thumbs-r0000000001","limits":{"max-connections":0}})");
  };
}

}  // namespace

TEST_CASE("a management port that is closed is not known, never an empty answer") {
  Given given("http://127.0.0.1:1");
  RabbitMemory memory(given.host);
  RabbitSwitch rabbit(given.host);
  check_error(memory.read({}, within(2000)), ExitCode::unknown,
              {"reading the sets", "management plugin"});
  check_error(rabbit.cut(k_set, "x", within(2000)), ExitCode::unknown, {"thumbs-r0000000001"});
  const SetName sets[] = {k_set};
  check_error(rabbit.connections(sets, within(2000)), ExitCode::unknown, {});
}

TEST_CASE("a refused login, a 500 and other nonsense are told in plain words") {
  const auto read = [](int status, const std::string& body) {
    FakeHttp server([=](const auto&) { return FakeHttp::answer(status, body); });
    Given given(server.url());
    return RabbitMemory(given.host).read({}, within(2000));
  };
  check_error(read(401, R"({"error":"not_authorized","reason":"Login failed"})"), ExitCode::unknown,
              {"refused the login", "user and password"});
  check_error(read(500, "boom"), ExitCode::unknown, {"answered 500"});
  check_error(read(503, ""), ExitCode::unknown, {"answered 503"});
  check_error(read(404, ""), ExitCode::unknown, {"404"});
  check_error(read(404, R"({"error":"Object Not Found","reason":"Not Found"})"), ExitCode::unknown,
              {"404"});
  check_error(read(400, R"({"error":"bad_request","reason":"no"})"), ExitCode::unknown, {"400"});
  check_error(read(200, "<html>hello</html>"), ExitCode::unknown, {"management API"});
  check_error(read(200, R"({"an":"object"})"), ExitCode::unknown, {"not a list"});
  check_error(read(302, ""), ExitCode::unknown, {"302"});
}

TEST_CASE("a management API that hangs costs the deadline and no more") {
  FakeHttp server([](const auto&) { return std::string(); });
  Given given(server.url());
  const auto begun = std::chrono::steady_clock::now();
  check_error(RabbitMemory(given.host).read({}, within(300)), ExitCode::timeout,
              {"no answer within 300ms"});
  CHECK(std::chrono::steady_clock::now() - begun < Millis(2000));
}

TEST_CASE("a cut that cannot list the connections says that the limit is in force") {
  for (const bool hangs : {false, true}) {
    FakeHttp server(broker_script([=](const auto& request) {
      if (request.path.contains("/connections/username/"))
        return hangs ? std::string() : FakeHttp::answer(500, "");
      return std::string("default");
    }));
    Given given(server.url());
    check_error(RabbitSwitch(given.host).cut(k_set, "x", within(500)),
                hangs ? ExitCode::timeout : ExitCode::unknown,
                {"no new connection gets in", "run it again"});
  }
}

TEST_CASE("a cut whose connections do not go says how many are left, in time") {
  FakeHttp server(broker_script([](const auto& request) {
    if (request.path.contains("/connections/username/"))
      return FakeHttp::answer(200, R"([{"name":"a -> b","user":"thumbs-r0000000001"}])");
    if (request.path.contains("/connections?columns"))
      return FakeHttp::answer(
          200, R"([{"name":"a -> b","user":"thumbs-r0000000001","state":"running"}])");
    if (request.path.contains("/connections/a")) return FakeHttp::answer(500, "");
    return std::string("default");
  }));
  Given given(server.url());
  check_error(RabbitSwitch(given.host).cut(k_set, "x", within(400)), ExitCode::timeout,
              {"1 are still open", "no new connection"});
}

TEST_CASE("entries without a connection behind them do not fail a cut") {
  FakeHttp server(broker_script([](const auto& request) {
    if (request.path.contains("/connections/username/"))
      return FakeHttp::answer(200, R"([{"name":"ghost","user":"thumbs-r0000000001"}])");
    if (request.path.contains("/connections?columns"))
      return FakeHttp::answer(200, R"([{"name":"ghost","user":"thumbs-r0000000001"}])");
    return std::string("default");
  }));
  Given given(server.url());
  // The list is asked until 6 s are over; what follows needs time of its own.
  const auto step = RabbitSwitch(given.host).cut(k_set, "x", within(9000));
  REQUIRE(step);
  CHECK(step->details["stale"] == Json(1));
  CHECK(step->details["left"] == Json(0));
}

TEST_CASE("a limit that is gone again at the end is not reported as a cut") {
  FakeHttp server(broker_script([](const auto& request) {
    if (request.method == "GET" && request.path.contains("/users/"))
      return FakeHttp::answer(200, R"({"name":"thumbs-r0000000001","limits":{}})");
    return std::string("default");
  }));
  Given given(server.url());
  check_error(RabbitSwitch(given.host).cut(k_set, "x", within(2000)), ExitCode::unknown,
              {"mended it meanwhile"});
}

TEST_CASE("the order of a cut is limit first, connections after") {
  std::atomic<int> listed = 0;
  FakeHttp server(broker_script([&](const auto& request) {
    if (request.path.contains("/connections/username/") && listed++ == 0)
      return FakeHttp::answer(200, R"([{"name":"a","user":"thumbs-r0000000001"}])");
    return std::string("default");
  }));
  Given given(server.url());
  REQUIRE(RabbitSwitch(given.host).cut(k_set, "because\r\nX-Evil: 1", within(3000)));
  std::vector<std::string> calls;
  for (const auto& request : server.seen()) {
    calls.push_back(request.method);
    CHECK_FALSE(request.head.contains("\r\nX-Evil"));
  }
  REQUIRE(calls.size() >= 4);
  CHECK(std::vector(calls.begin(), calls.begin() + 4) ==
        std::vector<std::string>{"GET", "PUT", "GET", "DELETE"});
}

TEST_CASE("HTTP that works and AMQP that is closed: the error names AMQP") {
  FakeHttp server(broker_script([](const auto&) { return std::string("default"); }));
  Given given(server.url(), "amqp://127.0.0.1:1");
  RabbitMemory memory(given.host);
  check_error(memory.lock("thumbs", within(2000)), ExitCode::unknown,
              {"lock of thumbs", "amqp://127.0.0.1:1"});
  memory.prefetch_lock("thumbs");
  check_error(memory.lock("thumbs", within(2000)), ExitCode::unknown, {"amqp://127.0.0.1:1"});
  const auto signal = Json::object({{"set", k_set.str()}});
  check_error(RabbitFeed(given.host).send(std::span(&signal, 1), within(2000)), ExitCode::unknown,
              {"sending a signal", "amqp://127.0.0.1:1"});
  check_error(RabbitFeed(given.host).open({}, within(2000)), ExitCode::unknown,
              {"opening the feed"});
}

TEST_CASE("an AMQP port that never answers costs the deadline and no more") {
  FakeHttp silent([](const auto&) {
    return std::string();
  });  // AMQP's greeting is no HTTP request: it waits for ever
  Given given("http://127.0.0.1:1", "amqp" + silent.url().substr(4));
  const auto begun = std::chrono::steady_clock::now();
  check_error(RabbitFeed(given.host).open({}, within(300)), ExitCode::timeout,
              {"opening the feed"});
  check_error(RabbitMemory(given.host).lock("thumbs", within(300)), ExitCode::timeout,
              {"lock of thumbs"});
  CHECK(std::chrono::steady_clock::now() - begun < Millis(3000));
}

TEST_CASE("doctor says how far the clocks are apart, and that beyond 30 s they spoil windows") {
  const auto clock_with = [](const std::string& header) {
    FakeHttp server([=](const auto&) {
      return FakeHttp::answer(200, "{}", "Content-Type: application/json\r\n" + header);
    });
    Given given(server.url());
    const auto checks = RabbitDoctor(given.host).examine(within(5000));
    const auto clock = std::ranges::find(checks, "clock", &Check::what);
    REQUIRE(clock != checks.end());
    return *clock;
  };
  const auto date = [](int ahead_s) {  // RFC 9110: IMF-fixdate
    const auto at = std::time(nullptr) + ahead_s;
    std::tm parts{};
    char text[64];
    REQUIRE(std::strftime(text, sizeof text, "Date: %a, %d %b %Y %H:%M:%S GMT\r\n",
                          ::gmtime_r(&at, &parts)) > 0);
    return std::string(text);
  };
  CHECK(clock_with(date(0)).state == Check::State::ok);
  const auto behind = clock_with(date(20)), ahead = clock_with(date(-20));
  CHECK(behind.state == Check::State::warning);
  CHECK(behind.found.contains("behind the broker"));
  CHECK(ahead.state == Check::State::warning);
  CHECK(ahead.found.contains("ahead of the broker"));
  for (const int apart : {3600, -3600}) {
    const auto far = clock_with(date(apart));
    CHECK(far.state == Check::State::bad);
    CHECK(far.cure.contains("NTP"));
  }
  for (const auto* none : {"", "Date: soon\r\n"})
    CHECK(clock_with(none).state == Check::State::unknown);
}

TEST_CASE("an answer that RabbitMQ would not give is not known, whoever asks") {
  const auto body = GENERATE(as<std::string>(), "null", "{}", "[]", R"({"name":"somebody"})", "7");
  const auto status = GENERATE(200, 404, 400);
  INFO(status << " " << body);
  FakeHttp server([=](const auto& request) {
    return request.method == "GET" ? FakeHttp::answer(status, body) : FakeHttp::answer(204, "", "");
  });
  Given given(server.url());
  RabbitMemory memory(given.host);
  RabbitSwitch rabbit(given.host);
  check_error(memory.read({}, within(5000)), ExitCode::unknown, {"reading the sets"});
  check_error(memory.read("thumbs", within(5000)), ExitCode::unknown, {"reading the sets"});
  check_error(memory.force_of(k_set, within(5000)), ExitCode::unknown, {"cdctl.force."});
  check_error(memory.notes_of(k_set, within(5000)), ExitCode::unknown, {"cdctl.force."});
  check_error(rabbit.cut(k_set, "x", within(5000)), ExitCode::unknown, {"reading the user"});
  check_error(rabbit.drain(k_set, within(5000)), ExitCode::unknown, {"reading the user"});
  check_error(rabbit.mend(k_set, {}, within(5000)), ExitCode::unknown, {"reading the user"});
  check_error(rabbit.admit(k_set, 1, within(5000)), ExitCode::unknown, {"reading the user"});
  for (const auto& request : server.seen()) CHECK(request.method == "GET");
  if (status == 200 && body == "[]") return;  // a list of none is what these may say
  const SetName sets[] = {k_set};
  check_error(rabbit.connections(sets, within(5000)), ExitCode::unknown, {"listing"});
  check_error(rabbit.up_since(k_set, within(5000)), ExitCode::unknown, {"how long"});
}

TEST_CASE("the connections of a cut that are no list are not closed") {
  FakeHttp server(broker_script([](const auto& request) {
    return request.path.contains("/connections/username/") ? FakeHttp::answer(200, "null")
                                                           : std::string("default");
  }));
  Given given(server.url());
  check_error(RabbitSwitch(given.host).cut(k_set, "x", within(2000)), ExitCode::unknown,
              {"no new connection gets in", "not a list"});
}

TEST_CASE("doctor does not judge what RabbitMQ did not answer") {
  const auto [status, body] =
      GENERATE(table<int, std::string>({{404, ""}, {400, ""}, {200, "null"}, {200, "{}"}}));
  INFO(status << " " << body);
  FakeHttp server([=](const auto&) { return FakeHttp::answer(status, body); });
  Given given(server.url());
  const auto checks = RabbitDoctor(given.host).examine(within(5000));
  REQUIRE_FALSE(checks.empty());
  for (const auto& check : checks)
    if (check.what == "management API" || check.what == "RabbitMQ")
      CHECK(check.state == (status == 200 && body == "{}" && check.what == "management API"
                                ? Check::State::ok
                                : Check::State::unknown));
}

TEST_CASE("a change that the broker itself refuses has failed, and is no doubt") {
  FakeHttp server(broker_script([](const auto& request) {
    return request.method == "PUT"
               ? FakeHttp::answer(400, R"({"error":"bad_request","reason":"no"})")
               : std::string("default");
  }));
  Given given(server.url());
  check_error(RabbitSwitch(given.host).cut(k_set, "x", within(2000)), ExitCode::failed,
              {"refused it: no"});
}
