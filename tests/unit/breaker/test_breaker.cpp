#include <catch2/catch.hpp>

#include <fmt/format.h>

#include "core/breaker/breaker.hpp"
#include "core/breaker/rule.hpp"
#include "core/breaker/signal_scanner.hpp"

using namespace cdctl;
using namespace cdctl::breaker;
using namespace std::chrono_literals;

namespace {

const Time k_start = *parse_rfc3339("2026-11-23T04:00:00Z");
const std::string k_one = "thumbs-r0000000001", k_two = "thumbs-r0000000002",
                  k_other = "mails-r0000000003";

struct Fixture {
  std::vector<Json> verdicts;
  breaker::Breaker breaker;
  std::uint64_t id = 0;

  explicit Fixture(const std::vector<std::string>& rules)
      : breaker({[rules](std::string_view) {
                   std::vector<breaker::Rule> out;
                   for (const auto& text : rules) out.push_back(*breaker::Rule::parse(text));
                   return out;
                 },
                 [this](const breaker::VerdictRecord& verdict) {
                   verdicts.push_back(records::encode(verdict));
                 }},
                false) {}

  void add(const std::string& set, Severity severity, Millis at, std::string_view signal = "oops",
           std::uint64_t identity = 0) {
    breaker.add({set, signal, severity, k_start + at, k_start + at, identity ? identity : ++id});
  }
  std::string said(std::size_t i) const {
    return verdicts.at(i)["set"].as_string() + " " + verdicts.at(i)["verdict"].as_string();
  }
};

}  // namespace

TEST_CASE("rules read aloud and are checked with a column") {
  CHECK(breaker::Rule::parse("critical >= 1")->count == 1);
  CHECK(breaker::Rule::parse("errors > 4 in 1m")->count == 5);
  CHECK(breaker::Rule::parse("errors >= 5 in 90s")->window == 90s);
  CHECK(breaker::Rule::parse("warnings>=3 in a row")->kind == breaker::Rule::Kind::row);
  CHECK(breaker::Rule::parse("'out of ink' >= 2")->signal == "out of ink");
  for (const auto* bad :
       {"", "critical", "critical >=", "critical >= x", "critical >= 1 in", "critical >= 1 in 5",
        "critical >= 1 in 0s", "critical >= 1 in a", "critical >= 0", "nonsense >= 1",
        "critical == 1", "critical >= 1 in 1m more", "'x >= 1", "critical >= 99999999999"}) {
    INFO(bad);
    const auto rule = breaker::Rule::parse(bad);
    REQUIRE_FALSE(rule);
    CHECK(rule.error().exit == ExitCode::usage);
    CHECK(rule.error().what.find("column") != std::string::npos);
  }
  const auto column_of = [](std::string_view text) {
    return breaker::Rule::parse(text).error().what;
  };
  CHECK_THAT(column_of("errors >= 5 on 1m"),
             Catch::Matchers::Contains("column 13: expected 'in DURATION'") &&
                 Catch::Matchers::Contains("found 'on'"));
}

TEST_CASE("one critical signal trips, and only its own set") {
  Fixture f({"critical >= 1"});
  f.add(k_one, Severity::info, 0s);
  f.add(k_other, Severity::info, 0s);
  f.add(k_two, Severity::critical, 1s);
  REQUIRE(f.verdicts.size() == 1);
  CHECK(f.said(0) == k_two + " unhealthy");
  CHECK(f.verdicts[0]["rule"].view() == "critical >= 1");
  CHECK(f.verdicts[0]["evidence"]["count"].as_int() == 1);
  CHECK(f.verdicts[0]["evidence"]["last"].view() == "2026-11-23T04:00:01.000Z");
}

TEST_CASE("five errors within a minute trip, five in two minutes do not") {
  Fixture f({"errors >= 5 in 1m"});
  for (int i = 0; i < 20; ++i) f.add(k_one, Severity::error, 25s * i);
  CHECK(f.verdicts.empty());
  for (int i = 0; i < 4; ++i) f.add(k_two, Severity::error, 10min + 1s * i);
  CHECK(f.verdicts.empty());
  f.add(k_two, Severity::critical, 10min + 59s);  // error or worse
  REQUIRE(f.verdicts.size() == 1);
  CHECK(f.verdicts[0]["evidence"]["count"].as_int() == 5);
}

TEST_CASE("late and out-of-order signals count where they belong") {
  Fixture f({"errors >= 3 in 1m"});
  f.add(k_one, Severity::error, 30s);
  f.add(k_one, Severity::error, 10s);
  CHECK(f.verdicts.empty());
  f.add(k_one, Severity::error, 20s);
  CHECK(f.verdicts.size() == 1);
}

TEST_CASE("the same id is counted once") {
  Fixture f({"errors >= 2 in 1m"});
  for (int i = 0; i < 10; ++i) f.add(k_one, Severity::error, 1s * i, "oops", 77);
  CHECK(f.verdicts.empty());
  f.add(k_one, Severity::error, 11s, "oops", 78);
  CHECK(f.verdicts.size() == 1);
}

TEST_CASE("consecutive failures are broken by a good signal") {
  Fixture f({"errors >= 3 in a row"});
  for (const auto severity :
       {Severity::error, Severity::error, Severity::info, Severity::error, Severity::error})
    f.add(k_one, severity, 1s * static_cast<int>(f.id));
  CHECK(f.verdicts.empty());
  f.add(k_one, Severity::error, 9s);
  REQUIRE(f.verdicts.size() == 1);
  f.add(k_one, Severity::info, 10s);
  f.breaker.tick(k_start + 3min);  // its open time and its trial are over
  REQUIRE(f.verdicts.size() == 2);
  CHECK(f.said(1) == k_one + " healthy");
}

TEST_CASE("a verdict is said once while it holds, and again after a quiet window") {
  Fixture f({"critical >= 1 in 1m"});
  for (int i = 0; i < 50; ++i) f.add(k_one, Severity::critical, 1s * i);
  REQUIRE(f.verdicts.size() == 1);
  f.breaker.tick(k_start + 10min);  // the reader's clock closes the window
  REQUIRE(f.verdicts.size() == 2);
  CHECK(f.said(1) == k_one + " healthy");
  f.add(k_one, Severity::critical, 11min);
  CHECK(f.said(2) == k_one + " unhealthy");
}

TEST_CASE("when every signalling set of a service is bad it is the world") {
  Fixture f({"critical >= 1 in 1m"});
  f.add(k_one, Severity::info, 0s);
  f.add(k_two, Severity::info, 0s);
  f.add(k_one, Severity::critical, 1s);
  CHECK(f.said(0) == k_one + " unhealthy");
  f.add(k_two, Severity::critical, 2s);
  CHECK(f.verdicts.size() == 3);
  for (std::size_t i = 1; i < 3; ++i) {
    CHECK(f.verdicts[i]["verdict"].view() == "undecided");
    CHECK(f.verdicts[i]["why"].view() == "everyone");
  }
}

TEST_CASE("one wrong clock neither hides nor invents a failure") {
  breaker::SignalScanner scanner;
  const auto line = [](std::string_view time, std::string_view received) {
    auto text = fmt::format(
        R"({{"schema":"cdctl.signal/1","id":"{}","set":"{}","severity":"error","signal":"x","time":"{}","received":"{}"}})",
        time, k_one, time, received);
    text.reserve(text.size() + 64);
    return text;
  };
  REQUIRE(scanner.scan(line("2026-11-23T09:00:00Z", "2026-11-23T04:00:00Z")) ==
          breaker::SignalScanner::Kind::signal);
  CHECK(scanner.observation().time == k_start + 30s);
  REQUIRE(scanner.scan(line("2020-01-01T00:00:00Z", "2026-11-23T04:00:00Z")) ==
          breaker::SignalScanner::Kind::signal);
  CHECK(scanner.observation().time == k_start - 30s);
}

TEST_CASE("ten million ids keep the memory of ids where it is") {
  breaker::RecentIds ids;
  for (std::uint64_t i = 1; i < 10'000'000; ++i) REQUIRE(ids.add(i * 0x9e3779b97f4a7c15ULL));
  CHECK_FALSE(ids.add(9'999'999 * 0x9e3779b97f4a7c15ULL));
  CHECK(ids.add(1 * 0x9e3779b97f4a7c15ULL));  // beyond the window it counts again
}

TEST_CASE("of a name that comes twice the first counts, whatever it holds, on both ways") {
  breaker::SignalScanner scanner;
  for (const std::string_view begin : {"{", R"({"odd":[],)"}) {  // scanned, and read as a tree
    INFO(begin);
    auto line =
        std::string(begin) +
        R"("schema":"cdctl.signal/1","set":1,"set":"thumbs-r0000000001","severity":"info","severity":"critical","signal":"a","signal":"b","cleared":false,"cleared":true,"replayed":"no","replayed":true,"counts":3,"counts":{"ok":1},"time":"2026-11-23T04:00:00Z"})";
    line.reserve(line.size() + breaker::SignalScanner::k_padding);
    REQUIRE(scanner.scan(line) == breaker::SignalScanner::Kind::signal);
    const auto& seen = scanner.observation();
    CHECK(seen.set.empty());
    CHECK(seen.severity == Severity::info);
    CHECK(seen.signal == "a");
    CHECK_FALSE(seen.replayed);
    CHECK(seen.count_size == 0);
  }
}

TEST_CASE("a number that no integer and no double can hold spoils no signal") {
  breaker::SignalScanner scanner;
  std::string line =
      R"({"schema":"cdctl.signal/1","set":"thumbs-r0000000001","severity":"critical","signal":"oops","huge":1e400,"long":123456789012345678901234567890,"time":"2026-11-23T04:00:00Z","counts":{"ok":1e400,"failed":2}})";
  line.reserve(line.size() + breaker::SignalScanner::k_padding);
  REQUIRE(scanner.scan(line) == breaker::SignalScanner::Kind::signal);
  CHECK(scanner.observation().set == k_one);
  CHECK(scanner.observation().work() == 2);
  line = "{\"a\":}";
  line.reserve(line.size() + breaker::SignalScanner::k_padding);
  REQUIRE(scanner.scan(line) == breaker::SignalScanner::Kind::bad);
  CHECK(scanner.why().starts_with("not valid JSON"));
}

TEST_CASE("a count that nobody can have counted is none") {
  breaker::SignalScanner scanner;
  for (const std::string_view begin : {"{", R"({"odd":[],)", R"({"specversion":"1.0",)"}) {
    INFO(begin);
    auto line =
        std::string(begin) +
        R"("id":"7","source":"/a","type":"org.cdctl.signal.raised.v1","subject":"thumbs-r0000000001","schema":"cdctl.signal/1","set":"thumbs-r0000000001","severity":"info","time":"2026-11-23T04:00:00Z","counts":{"ok":7,"failed":0,"huge":18446744073709551615},"data":{"severity":"info","counts":{"ok":7,"failed":0,"huge":1e300}}})";
    line.reserve(line.size() + breaker::SignalScanner::k_padding);
    REQUIRE(scanner.scan(line) == breaker::SignalScanner::Kind::signal);
    CHECK(scanner.observation().work() == 7);
    CHECK(scanner.observation().count_size == 2);
  }
}

TEST_CASE("a signal comes in either form") {
  breaker::SignalScanner scanner;
  std::string flat =
      R"({"schema":"cdctl.signal/1","set":"thumbs-r0000000001","severity":"critical","signal":"oops","time":"2026-11-23T04:00:00Z"})";
  flat.reserve(flat.size() + 64);
  REQUIRE(scanner.scan(flat) == breaker::SignalScanner::Kind::signal);
  auto event = to_cloud_event(*normal_signal(*Json::parse(flat))).dump();
  event.reserve(event.size() + 64);
  REQUIRE(scanner.scan(event) == breaker::SignalScanner::Kind::signal);
  CHECK(scanner.observation().set == k_one);
  CHECK(scanner.observation().severity == Severity::critical);
  for (std::string bad :
       {"", "{", "[]", "7", R"({"schema":"cdctl.signal/2"})",
        R"({"schema":"cdctl.signal/1","set":"x","severity":"?","time":"2026-11-23T04:00:00Z"})"}) {
    bad.reserve(bad.size() + 64);
    CHECK(scanner.scan(bad) == breaker::SignalScanner::Kind::bad);
  }
}
