#include <catch2/catch.hpp>

#include <map>

#include "plugins/otlp/log_record.hpp"
#include "plugins/otlp/otlp_sink.hpp"

using namespace cdctl;
using namespace cdctl::otlp;

namespace {

Json outcome(std::string_view action) {
  return Json::object({{"schema", "cdctl.outcome/1"},
                       {"action", action},
                       {"service", "thumbs"},
                       {"revision", "r0000000001"},
                       {"set", "thumbs-r0000000001"},
                       {"ok", true},
                       {"changed", true},
                       {"took_ms", 4.5},
                       {"steps", Json::array()},
                       {"by", "a@b"},
                       {"time", "2026-11-23T04:11:30.120Z"}});
}

std::map<std::string, std::string> attributes(const Json& record) {
  std::map<std::string, std::string> out;
  for (const auto& item : record["attributes"].items())
    out[item["key"].as_string()] = item["value"].dump();
  return out;
}

}  // namespace

TEST_CASE("a deploy is told in the words of the conventions") {
  const auto record = log_record_of(outcome("deploy"), 1);
  CHECK(record["timeUnixNano"].view() == "1795407090120000000");
  CHECK(record["observedTimeUnixNano"].view() == "1000000");
  CHECK(record["eventName"].view() == "cdctl.outcome.deploy");
  const auto told = attributes(record);
  CHECK(told.at("cicd.pipeline.task.type") == R"({"stringValue":"deploy"})");
  CHECK(told.at("cicd.pipeline.task.run.result") == R"({"stringValue":"success"})");
  CHECK(told.at("deployment.status") == R"({"stringValue":"succeeded"})");
  CHECK(told.at("cdctl.took_ms") == R"({"doubleValue":4.5})");
  CHECK(told.at("cdctl.changed") == R"({"boolValue":true})");
  CHECK_FALSE(told.contains("cdctl.steps"));
}

TEST_CASE("records stand below the service and version that they are of") {
  const std::vector<Json> records{outcome("deploy"), outcome("break"),
                                  Json::object({{"schema", "mine/1"}})};
  const auto request = export_request(records, "prod", 7);
  const auto& resources = request["resourceLogs"].items();
  REQUIRE(resources.size() == 2);
  CHECK(resources[0]["scopeLogs"].items()[0]["logRecords"].items().size() == 2);
  CHECK(resources[0]["resource"].dump().contains("thumbs"));
  CHECK(resources[1]["resource"].dump().contains(R"({"stringValue":"cdctl"})"));
  const auto& other = resources[1]["scopeLogs"].items()[0]["logRecords"].items()[0];
  CHECK(other["eventName"].view() == "cdctl.record");
  CHECK(other["timeUnixNano"].view() == "7000000");
}

TEST_CASE("what was rejected is never sent again") {
  std::string partial;
  CHECK(read_answer("", 2, partial).refused.empty());
  CHECK(read_answer("{}", 2, partial).refused.empty());
  CHECK(partial.empty());
  const auto all = read_answer(
      R"({"partialSuccess":{"rejectedLogRecords":"2","errorMessage":"too old"}})", 2, partial);
  CHECK(all.refused.size() == 2);
  CHECK(all.again.empty());
  CHECK(partial.empty());
  const auto some = read_answer(
      R"({"partialSuccess":{"rejectedLogRecords":1,"errorMessage":"too old"}})", 2, partial);
  CHECK(some.refused.empty());
  CHECK(some.again.empty());
  CHECK(partial == "1 of 2 records were rejected, and it does not say which: too old");
}
