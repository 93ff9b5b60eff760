#include <catch2/catch.hpp>

#include <chrono>

#include <cdctl/signal.hpp>

#include "tests/support/show_result.hpp"

using namespace cdctl;

namespace {

Json parse(std::string_view text) { return *Json::parse(text); }

Json signal_of(std::string_view text) {
  auto flat = normal_signal(parse(text));
  if (!flat) FAIL(flat.error().what);
  return *flat;
}

std::string refused(std::string_view text) {
  const auto flat = from_either_form(parse(text));
  return flat ? "taken" : flat.error().what;
}

}  // namespace

TEST_CASE("a severity has one row, whoever names it") {
  struct Row {
    Severity severity;
    const char* name;
    const char* text;
    int number, syslog;
  };
  for (const auto& row :
       {Row{Severity::critical, "critical", "FATAL", 21, 2},
        Row{Severity::error, "error", "ERROR", 17, 3},
        Row{Severity::warning, "warning", "WARN", 13, 4}, Row{Severity::info, "info", "INFO", 9, 6},
        Row{Severity::debug, "debug", "DEBUG", 5, 7}}) {
    CHECK(to_string(row.severity) == row.name);
    CHECK(text_of(row.severity) == row.text);
    CHECK(number_of(row.severity) == row.number);
    CHECK(syslog_of(row.severity) == row.syslog);
    CHECK(parse_severity(row.text) == row.severity);
    CHECK(severity_of_number(row.number) == row.severity);
    CHECK(severity_of_syslog(row.syslog) == row.severity);
  }
  CHECK(severity_of_syslog(0) == Severity::critical);
  CHECK(severity_of_syslog(1) == Severity::critical);
  CHECK(severity_of_syslog(5) == Severity::info);
  CHECK_FALSE(severity_of_syslog(8));
  CHECK(severity_of_number(24) == Severity::critical);
  CHECK(severity_of_number(18) == Severity::error);
  CHECK(severity_of_number(1) == Severity::debug);
  CHECK_FALSE(severity_of_number(25));
  CHECK_FALSE(severity_of_number(0));
}

TEST_CASE("the three identities of a signal cross the wire apart from each other") {
  const auto flat = signal_of(
      R"({"set":"thumbs-r5f0c1e9a2b","signal":"oops","id":"a-7","source":"/oops/collector","key":"thumbs/oops/eu1","correlation":"run-12"})");
  const auto event = to_cloud_event(flat);
  CHECK(event["id"].view() == "a-7");
  CHECK(event["source"].view() == "/oops/collector");
  CHECK(event["correlationid"].view() == "run-12");
  CHECK(event["data"]["key"].view() == "thumbs/oops/eu1");
  CHECK(*from_either_form(event) == flat);
}

TEST_CASE("a signal of the set itself needs no source, and gets none on its way back") {
  const auto flat = signal_of(R"({"set":"thumbs-r5f0c1e9a2b","signal":"oops","unit":"3"})");
  const auto event = to_cloud_event(flat);
  CHECK(event["source"].view() == "/thumbs/r5f0c1e9a2b/3");
  CHECK_FALSE(from_either_form(event)->find("source"));
}

TEST_CASE("a signal that has run out does not count") {
  const auto flat = signal_of(R"({"set":"thumbs-r5f0c1e9a2b","expires":"2026-11-23T04:22:09Z"})");
  CHECK(to_cloud_event(flat)["expirytime"].view() == "2026-11-23T04:22:09Z");
  CHECK(*from_either_form(to_cloud_event(flat)) == flat);
  CHECK_FALSE(expired(flat, *parse_rfc3339("2026-11-23T04:22:09Z")));
  CHECK(expired(flat, *parse_rfc3339("2026-11-23T04:22:10Z")));
  CHECK_FALSE(expired(signal_of(R"({"set":"thumbs-r5f0c1e9a2b"})"), now()));
}

TEST_CASE("a cleared condition is no error unless it says so") {
  const auto flat = signal_of(R"({"set":"thumbs-r5f0c1e9a2b","signal":"oops","cleared":true})");
  CHECK(flat["severity"].view() == "info");
  const auto event = to_cloud_event(flat);
  CHECK(event["type"].view() == "org.cdctl.signal.cleared.v1");
  CHECK(*from_either_form(event) == flat);
}

TEST_CASE("a minimal CloudEvent of someone else becomes a signal") {
  const auto flat = from_either_form(parse(
      R"({"specversion":"1.0","id":"1","source":"//mon.example/7","type":"org.cdctl.signal.raised.v1","subject":"thumbs-r5f0c1e9a2b","severitytext":"WARN"})"));
  REQUIRE(flat);
  CHECK((*flat)["severity"].view() == "warning");
  CHECK((*flat)["source"].view() == "//mon.example/7");
  CHECK((*flat)["signal"].view() == "unnamed");
}

TEST_CASE("what cannot be a signal is refused with the field that is wrong") {
  CHECK(refused(R"({"set":"thumbs-r5f0c1e9a2b","counts":{"ok":3}})") ==
        "counts.failed 'null' is not a whole number from 0");
  CHECK(refused(R"({"set":"thumbs-r5f0c1e9a2b","counts":{"ok":-1,"failed":0}})") ==
        "counts.ok '-1' is not a whole number from 0");
  CHECK(refused(R"({"set":"thumbs-r5f0c1e9a2b","expires":"tomorrow"})") ==
        "expires 'tomorrow' is not RFC 3339");
  CHECK(refused(R"({"set":"thumbs-r5f0c1e9a2b","severity":9})") ==
        "severity '9' is not one of debug, info, warning, error, critical");
  CHECK(refused(R"({"set":"thumbs-r5f0c1e9a2b","correlation":7})") ==
        "correlation '7' is not text");
  CHECK(
      refused(R"({"specversion":"1.0","type":"com.example.other","subject":"thumbs-r5f0c1e9a2b"})")
          .starts_with("CloudEvents type 'com.example.other'"));
  CHECK(
      refused(
          R"({"specversion":"1.0","type":"org.cdctl.signal.raised.v1","subject":"thumbs-r5f0c1e9a2b","data_base64":"e30="})")
          .starts_with("a signal's data is JSON"));
  CHECK(refused(R"({"specversion":"0.3"})") == "only CloudEvents of specversion 1.0 are read");
}

TEST_CASE("counts and fields of one's own come through both forms") {
  const auto flat = signal_of(
      R"({"set":"thumbs-r5f0c1e9a2b","severity":"info","signal":"rabbit/work","counts":{"ok":97,"failed":3},"mine":{"deep":[1,null]},"none":null,"expires":null})");
  CHECK(flat.find("none"));
  CHECK_FALSE(flat.find("expires"));
  CHECK(*from_either_form(to_cloud_event(flat)) == flat);
}

TEST_CASE(
    "of a field that comes twice the first counts, and very many fields take no time of note") {
  const auto twice = signal_of(
      R"({"set":"thumbs-r5f0c1e9a2b","mine":1,"set":"other-r5f0c1e9a2b","mine":2,"counts":{"ok":1,"failed":0},"counts":7})");
  CHECK(twice["set"].view() == "thumbs-r5f0c1e9a2b");
  CHECK(twice.dump().find("\"mine\":2") == std::string::npos);
  CHECK(twice.dump().find("\"counts\":7") == std::string::npos);
  Json::Object fields{{"set", "thumbs-r5f0c1e9a2b"}};
  for (int i = 0; i < 150'000; ++i) fields.emplace_back("field" + std::to_string(i), i);
  const auto begun = std::chrono::steady_clock::now();
  const auto flat = normal_signal(Json(std::move(fields)));
  CHECK(std::chrono::steady_clock::now() - begun <
        std::chrono::seconds(20));  // each compared with each would be minutes
  REQUIRE(flat);
  CHECK(flat->members().size() > 150'000);
}

TEST_CASE("a signal survives both forms") {
  auto flat = normal_signal(*Json::parse(
      R"({"set":"thumbs-r5f0c1e9a2b","severity":"fatal","signal":"oops","unit":3,"mine":{"x":1}})"));
  REQUIRE(flat);
  CHECK((*flat)["severity"].view() == "critical");
  CHECK((*flat)["key"].view() == "thumbs/oops");
  const auto event = to_cloud_event(*flat);
  CHECK(event["subject"].view() == "thumbs-r5f0c1e9a2b");
  CHECK(event["severitynumber"].as_int() == 21);
  CHECK(from_either_form(event)->dump() == flat->dump());
  CHECK_FALSE(normal_signal(*Json::parse(R"({"set":"thumbs","severity":"error"})")));
  CHECK_FALSE(normal_signal(*Json::parse(R"({"set":"thumbs-r5f0c1e9a2b","severity":"dreadful"})")));
  CHECK_FALSE(from_either_form(
      *Json::parse(R"({"specversion":"1.0","type":"other","subject":"thumbs-r5f0c1e9a2b"})")));
}

TEST_CASE("a flat record holds nothing by which it would be taken for an event") {
  const auto flat = from_either_form(parse(
      R"({"specversion":"1.0","id":"1","source":"/a","type":"org.cdctl.signal.raised.v1","subject":"thumbs-r5f0c1e9a2b","data":{"specversion":"1.0","signal":"oops","mine":7}})"));
  REQUIRE(flat);
  CHECK_FALSE(flat->find("specversion"));
  CHECK((*flat)["mine"].as_int() == 7);
  const auto again = from_either_form(*flat);
  REQUIRE(again);
  CHECK(again->canonical() == flat->canonical());
}
