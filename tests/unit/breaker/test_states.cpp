#include <catch2/catch.hpp>

#include <fmt/format.h>

#include <cdctl/set_name.hpp>

#include "core/breaker/breaker.hpp"
#include "core/breaker/signal_scanner.hpp"
#include "tests/unit/breaker/fixture.hpp"

using namespace cdctl;
using namespace cdctl::breaker;
using namespace std::chrono_literals;
using namespace breaker_test;

TEST_CASE("a set that fails more than its peers is found, and the evidence says how") {
  Fixture f({"failure-rate > 2.5x baseline else 15% in 10m of at least 30 for 1m"});
  for (int i = 0; i < 120; ++i)
    for (const char letter : {'a', 'b', 'c'})
      f.work(set_of(letter), 10s * i, letter == 'b' && i > 40 ? 70 : 98,
             letter == 'b' && i > 40 ? 30 : 2);
  CHECK(f.said(set_of('a')).empty());
  REQUIRE_FALSE(f.said(set_of('b')).empty());
  CHECK(f.said(set_of('c')).empty());
  const auto& evidence = f.verdicts[0]["evidence"];
  CHECK(evidence["basis"].view() == "peers");
  CHECK(evidence["peers"].items().size() == 1);
  CHECK(evidence["times_baseline"].as_double() > 2.5);
  CHECK(evidence["chance"].as_double() < 1e-5);
}

TEST_CASE("what waits for everyone is decided when its time is over, whatever comes then") {
  Fixture f({"critical >= 1 unless everyone in 5s"});
  f.add(set_of('a'), Severity::critical, 0s);
  CHECK(f.said(set_of('a')) == Said{"unhealthy"});  // nobody else is known
  f.add(set_of('b', "mails"), Severity::info, 0s);
  f.add(set_of('c', "mails"), Severity::critical, 1s);
  CHECK(f.said(set_of('c', "mails")).empty());
  CHECK(f.breaker.next_due() == k_start + 6s);
  f.add(set_of('b', "mails"), Severity::info, 3h);  // the gap is gone through
  REQUIRE_FALSE(f.said(set_of('c', "mails")).empty());
  CHECK(f.said(set_of('c', "mails"))[0] == "unhealthy");
  CHECK(*parse_rfc3339(f.verdicts[1]["time"].view()) <= k_start + 7s);
}

TEST_CASE("the end of the input decides what waits for everyone, and nothing else") {
  Fixture f({"critical >= 1 unless everyone in 5s"});
  f.add(set_of('b'), Severity::info, 0s);
  f.add(set_of('a'), Severity::critical, 1s);
  f.breaker.settle(k_start + 2s);
  CHECK(f.verdicts.empty());
  f.breaker.settle(k_start + 24h);
  CHECK(f.said(set_of('a')) == Said{"unhealthy"});
}

TEST_CASE("all sets of a service within the wait are the world, told once aloud") {
  Fixture f({"critical >= 1 unless everyone in 5s"});
  for (const char letter : {'a', 'b', 'c'}) f.add(set_of(letter), Severity::info, 0s);
  for (const char letter : {'a', 'b', 'c'})
    f.add(set_of(letter), Severity::critical, 1s * (letter - 'a'));
  f.breaker.tick(k_start + 9s);
  for (const char letter : {'a', 'b', 'c'})
    CHECK(f.said(set_of(letter)) == Said{"undecided everyone"});
  CHECK(f.loud() == 1);
  CHECK(f.verdicts[0]["sets"].items().size() == 3);
}

TEST_CASE("an undecided that stands is escalated at the fourth time, and then said no more") {
  Fixture f({"critical >= 1 in 1h"});
  f.add(set_of('a'), Severity::info, 0s);
  f.add(set_of('b'), Severity::info, 0s);
  f.add(set_of('a'), Severity::critical, 0s);
  f.add(set_of('b'), Severity::critical, 0s);
  for (int i = 1; i < 20; ++i) {
    f.add(set_of('a'), Severity::critical, 30s * i);
    f.add(set_of('b'), Severity::critical, 30s * i);
  }
  CHECK(f.said(set_of('b')) == Said(4, "undecided everyone"));
  const auto escalated = [](const Json& verdict) { return verdict["escalated"].as_bool(); };
  CHECK(std::ranges::count_if(f.verdicts, escalated) == 2);
  CHECK(f.loud() == 1);
}

TEST_CASE("sets of many services at once are everywhere, two services are not") {
  const auto run = [](int services) {
    Fixture f({"critical >= 1 for 5s"});
    for (int i = 0; i < services; ++i) {
      const std::string service(1, static_cast<char>('p' + i));
      f.add(set_of('a', service), Severity::info, 0s);
      f.add(set_of('b', service), Severity::critical, 1s * i);
    }
    f.breaker.tick(k_start + 12s);
    return f.said(set_of('b', "p"));
  };
  CHECK(run(2) == Said{"unhealthy"});
  CHECK(run(4) == Said{"undecided everywhere"});
}

TEST_CASE("most services well: then it is a few revisions and not the world") {
  Fixture f({"critical >= 1 for 5s"});
  for (char service = 'f'; service < 'p'; ++service)
    f.add(set_of('a', std::string(1, service)), Severity::info, 0s);
  for (const std::string service : {"p", "q", "r"})
    f.add(set_of('b', service), Severity::critical, 1s);
  f.breaker.tick(k_start + 12s);
  CHECK(f.said(set_of('b', "p")) == Said{"unhealthy"});
}

TEST_CASE("the end of an outage blames nobody who recovers a little later") {
  Fixture f({"errors >= 10 in 1m"});
  for (int i = 0; i < 180; ++i)
    for (const char letter : {'a', 'b'})
      f.add(set_of(letter), i < (letter == 'a' ? 100 : 115) ? Severity::error : Severity::info,
            1s * i);
  f.breaker.tick(k_start + 10min);
  for (const char letter : {'a', 'b'})
    for (const auto& text : f.said(set_of(letter)))
      CHECK(text != (letter == 'b' ? "unhealthy" : ""));
}

TEST_CASE("what was forced is obeyed, and what it would have been is said") {
  Fixture f({"critical >= 1"});
  f.forces[set_of('a')] = Force::State::closed;
  f.forces[set_of('b', "mails")] = Force::State::observe;
  f.add(set_of('a'), Severity::critical, 0s);
  f.add(set_of('b', "mails"), Severity::critical, 0s);
  CHECK(f.said(set_of('a')) == Said{"undecided forced-closed"});
  CHECK(f.said(set_of('b', "mails")) == Said{"undecided observe-only"});
  for (const auto& verdict : f.verdicts) CHECK(verdict["would"].view() == "unhealthy");
  CHECK(f.verdicts[1]["observe"].as_bool());
  f.forces[set_of('c', "toes")] = Force::State::open;
  f.add(set_of('c', "toes"), Severity::critical, 0s);
  CHECK(f.said(set_of('c', "toes")) == Said{"unhealthy forced-open"});
  f.breaker.tick(k_start + 3h);
  CHECK(f.said(set_of('c', "toes")).size() == 1);  // it is not called healthy again
}

TEST_CASE("an open set is said again for what comes after its open time, later each time") {
  Fixture f({"critical >= 1 in 10s"});
  for (int i = 0; i < 3600; i += 5) f.add(set_of('a'), Severity::critical, 1s * i);
  const auto said = f.said(set_of('a'));
  CHECK(said.size() >= 5);
  CHECK(said.size() <= 7);  // after 1, 3, 7, 15, 31 minutes and their jitter
  for (const auto& text : said) CHECK(text == "unhealthy");
  CHECK(f.verdicts.back()["times"].as_int() == std::ssize(said));
}

TEST_CASE("a quiet set is healthy after its open time, and its history decays") {
  Fixture f({"critical >= 1 in 10s"});
  f.add(set_of('a'), Severity::critical, 0s);
  f.breaker.tick(k_start + 40s);
  CHECK(f.said(set_of('a')) == Said{"unhealthy"});
  f.breaker.tick(k_start + 3min);
  CHECK(f.said(set_of('a')) == Said{"unhealthy", "healthy"});
  f.add(set_of('a'), Severity::critical, 4min);
  CHECK(f.verdicts.back()["times"].as_int() == 2);
  f.breaker.tick(k_start + 20min);
  f.add(set_of('a'), Severity::critical, 5h);
  CHECK(f.verdicts.back()["times"].is_null());  // two quiet hours and more
}

TEST_CASE("who could not ask makes the sets of that service an error, and then nothing more") {
  Fixture f({"critical >= 1"});
  f.add(set_of('a'), Severity::info, 0s);
  for (int i = 0; i < 6; ++i) f.breaker.block("thumbs", "reading the feed");
  f.add(set_of('a'), Severity::critical, 1s);
  f.add(set_of('b', "mails"), Severity::critical, 1s);
  CHECK(f.said(set_of('a')) == Said(4, "error reading the feed"));
  CHECK(f.verdicts[3]["escalated"].as_bool());
  CHECK(f.said(set_of('b', "mails")) == Said{"unhealthy"});
}

TEST_CASE("a replay of the same signals says the same") {
  const auto run = [] {
    Fixture f({"errors >= 3 in 1m", "failure-rate > 10% in 5m of at least 10"});
    for (int i = 0; i < 2000; ++i) {
      f.add(set_of(static_cast<char>('a' + i % 3)), i % 7 == 0 ? Severity::error : Severity::info,
            1s * i);
      f.work(set_of(static_cast<char>('a' + i % 2)), 1s * i, 9, i % 4 == 0 ? 3 : 0);
    }
    return f.verdicts;
  };
  const auto once = run();
  CHECK(once.size() > 2);
  CHECK(once == run());
}

TEST_CASE("the fast scanner and the parser read the same") {
  breaker::SignalScanner scanner;
  const auto scan = [&](std::string text) {
    text.reserve(text.size() + 64);
    const auto kind = scanner.scan(text);
    const auto& o = scanner.observation();
    return fmt::format("{} {} {} {} {} {} {} {}", static_cast<int>(kind), o.set,
                       static_cast<int>(o.severity), o.time.time_since_epoch().count(),
                       o.received.time_since_epoch().count(), o.identity, o.counted("ok"),
                       o.counted("failed"));
  };
  const std::string plain =
      R"({"schema":"cdctl.signal/1","id":"1","set":"thumbs-r0000000001","severity":"info","signal":"x","counts":{"ok":97,"failed":3},"time":"2026-11-23T04:00:59.500Z","received":"2026-11-23T04:01:00.250Z")";
  const auto expected = scan(plain + "}");
  // An escape, a letter beyond ASCII and a fraction send the same record the other way.
  CHECK(scan(plain + R"(,"message":"a \"b\""})") == expected);
  CHECK(scan(plain + R"(,"message":"ü"})") == expected);
  CHECK(scan(plain + R"(,"value":-1.5,"deep":{"a":[1,2]}})") == expected);
  for (const std::string number : {"18446744073709551616", "1e400", "-0", "1e-400", "1.0", "-1e+9"})
    CHECK(scan(plain + R"(,"n":)" + number + R"(,"deep":[)" + number + "]}") == expected);
  CHECK(scan(" " + plain + " , \"n\" : 7 , \"b\" : true } ") == expected);
  using Kind = breaker::SignalScanner::Kind;
  const auto kind_of = [&](const std::string& text) {
    return scan(text + R"(,"n":1e400})")[0] - '0';
  };
  CHECK(kind_of(R"({"schema":"cdctl.error/1","service":"thumbs")") ==
        static_cast<int>(Kind::error));
  CHECK(kind_of(R"({"schema":"cdctl.set/1")") == static_cast<int>(Kind::other));
  for (const auto* tail : {"", ",}", "}}", R"(,"n":01})", R"(,"n":tru})", R"(,"m":"a)"})
    CHECK(scan(plain + tail) != expected);
}

TEST_CASE("what a breaker is told again fills its windows, and is said again only while it cuts") {
  Fixture f({"errors >= 5 in 1h"});
  const auto bad = set_of('a');
  f.wall = k_start + 40min;
  const auto again = [&](Millis at) { f.add(bad, Severity::error, at, true); };
  SECTION("long ago: judged then, and silent") {
    for (int i = 0; i < 8; ++i) again(1min * i);
    CHECK(f.said(bad).empty());
    f.breaker.tick(f.wall);
    CHECK(f.said(bad).empty());
    f.add(bad, Severity::error, 40min);  // it goes on now
    f.breaker.tick(f.wall + 1s);
    CHECK(f.said(bad) == Said{"unhealthy"});
    f.breaker.tick(f.wall + 2s);
    CHECK(f.said(bad) == Said{"unhealthy"});
  }
  SECTION("just now: whoever heard it may have died over it") {
    for (int i = 0; i < 4; ++i) again(1min * i);
    again(38min);
    CHECK(f.said(bad) == Said{"unhealthy"});
    CHECK(*parse_rfc3339(f.verdicts[0]["evidence"]["last"].view()) == k_start + 38min);
  }
  SECTION("the windows are as they were") {
    for (int i = 0; i < 4; ++i) again(1min * i);
    CHECK(f.said(bad).empty());
    f.add(bad, Severity::error, 40min);
    CHECK(f.said(bad) == Said{"unhealthy"});
  }
  SECTION("what is new is said, however old, and again once it goes on") {
    f.wall = k_start + 40min + 55s;
    const auto hear = [&](Millis at) {
      f.add(bad, Severity::error, at);
      f.breaker.tick(k_start + at + 1s);
    };
    for (int i = 0; i < 5; ++i) hear(1min * i);
    CHECK(f.said(bad) == Said{"unhealthy"});
    hear(35min + 30s);  // after its open time, and too old for a cut
    CHECK(f.said(bad) == Said{"unhealthy", "unhealthy"});
    hear(36min);  // within its second open time, in which one that runs would be silent
    CHECK(f.said(bad) == Said{"unhealthy", "unhealthy", "unhealthy"});
    hear(36min + 5s);
    CHECK(f.said(bad).size() == 3);
  }
}

TEST_CASE("an outage that is over is not told anew at each start") {
  Fixture f({"critical >= 1 unless everyone in 5s"});
  f.wall = k_start + 40min;
  for (const char letter : {'a', 'b'}) f.add(set_of(letter), Severity::critical, 0s, true);
  f.breaker.tick(k_start + 10s);
  CHECK(f.verdicts.empty());
  f.wall = k_start + 1min;
  Fixture g({"critical >= 1 unless everyone in 5s"});
  for (const char letter : {'a', 'b'}) g.add(set_of(letter), Severity::critical, 0s, true);
  g.breaker.tick(k_start + 10s);
  CHECK(g.loud() == 1);
}

TEST_CASE("both ways to read a signal know a replayed one") {
  breaker::SignalScanner scanner;
  const auto replayed = [&](std::string text) {
    text.resize(text.size() + breaker::SignalScanner::k_padding);
    REQUIRE(scanner.scan(std::string_view(text).substr(
                0, text.size() - breaker::SignalScanner::k_padding)) ==
            breaker::SignalScanner::Kind::signal);
    return scanner.observation().replayed;
  };
  const std::string plain =
      R"({"schema":"cdctl.signal/1","set":"thumbs-r0000000001","severity":"error","time":"2026-11-23T04:00:00Z")";
  CHECK_FALSE(replayed(plain + "}"));
  CHECK(replayed(plain + R"(,"replayed":true})"));
  CHECK(replayed(plain + R"(,"message":"\u00e4","replayed":true})"));
  CHECK_FALSE(replayed(plain + R"(,"replayed":false})"));
  CHECK_FALSE(replayed(plain + R"(,"replayed":"true"})"));
  CHECK(replayed(plain + R"(,"n":1e400,"replayed":true})"));
}
