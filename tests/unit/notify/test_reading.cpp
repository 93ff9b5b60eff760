#include <catch2/catch.hpp>

#include <cdctl/signal.hpp>

#include "core/notify/reading.hpp"

using namespace cdctl;
using notify::read_line;

TEST_CASE("a record stays the line that it is") {
  const std::string line = R"({"schema":"acme.thing/3","n":18446744073709551616})";
  const auto read = read_line(line);
  REQUIRE(read);
  CHECK(read->line.empty());
  CHECK(read->record.dump() == line);
}

TEST_CASE("a severity as syslog counts it is its word") {
  const auto read =
      read_line(R"({"schema":"cdctl.signal/1","set":"thumbs-r0000000001","severity":2,"x":1e400})");
  REQUIRE(read);
  CHECK(read->record["severity"].view() == "critical");
  CHECK(read->line.contains("1e400"));
  CHECK_FALSE(read_line(R"({"schema":"cdctl.signal/1","severity":17})"));
}

TEST_CASE("a CloudEvent is the record that it carries") {
  const auto signal = *normal_signal(
      *Json::parse(R"({"set":"thumbs-r0000000001","severity":"error","signal":"oops","id":"7"})"));
  const auto event = read_line(to_cloud_event(signal).dump());
  REQUIRE(event);
  CHECK(event->record["schema"].view() == "cdctl.signal/1");
  CHECK(event->record["id"].view() == "7");
  CHECK(event->line == event->record.dump());
  const auto outcome =
      read_line(R"({"specversion":"1.0","id":"1","source":"/x","type":"org.cdctl.outcome.v1",)"
                R"("data":{"schema":"cdctl.outcome/1","action":"break"}})");
  REQUIRE(outcome);
  CHECK(outcome->record["action"].view() == "break");
  for (const auto* bad :
       {R"({"specversion":"1.0","type":"com.github.push","data":{}})",
        R"({"specversion":"1.0","type":"org.cdctl.outcome.v1","data":{"schema":"cdctl.set/1"}})",
        R"({"specversion":"1.0","type":"org.cdctl.outcome.v1"})", R"({"specversion":"1.0"})"}) {
    INFO(bad);
    REQUIRE_FALSE(read_line(bad));
    CHECK(read_line(bad).error().what.contains("carries no record"));
  }
}

TEST_CASE("what is no record is told as such") {
  for (const auto* bad :
       {"", "nonsense", "[]", "7", R"({"schema":""})", "{}", R"({"schema":"cdctl.outcome/9"})"})
    CHECK_FALSE(read_line(bad));
}
