#include <catch2/catch.hpp>

#include "plugins/elastic/document.hpp"
#include "plugins/elastic/elastic_sink.hpp"

using namespace cdctl;
using namespace cdctl::elastic;

namespace {

Json signal() {
  return Json::object({{"schema", "cdctl.signal/1"},
                       {"id", "7"},
                       {"set", "thumbs-r0000000001"},
                       {"service", "thumbs"},
                       {"revision", "r0000000001"},
                       {"unit", "worker-0"},
                       {"severity", "critical"},
                       {"signal", "oops"},
                       {"key", "thumbs/oops"},
                       {"message", "it hurts"},
                       {"time", "2026-11-23T04:11:30.120Z"},
                       {"received", "2026-11-23T04:11:31.000Z"}});
}

}  // namespace

TEST_CASE("a signal fills the columns that Kibana shows") {
  const auto document = document_of(signal(), "prod");
  CHECK(document["@timestamp"].view() == "2026-11-23T04:11:30.120Z");
  CHECK(document["message"].view() == "it hurts");
  CHECK(document["log"]["level"].view() == "critical");
  CHECK(document["log"]["syslog"]["severity"]["code"].as_int() == 2);
  CHECK(document["service"]["name"].view() == "thumbs");
  CHECK(document["service"]["version"].view() == "r0000000001");
  CHECK(document["service"]["node"]["name"].view() == "worker-0");
  CHECK(document["event"]["kind"].view() == "alert");  // `signal` is reserved
  CHECK(document["event"]["action"].view() == "oops");
  CHECK(document["cdctl"] == signal());
  CHECK(stream_of(signal(), "prod") == "logs-cdctl.signals-prod");
}

TEST_CASE("a document's id is of the occurrence: two units may use one id") {
  CHECK(id_of(signal()) == id_of(signal()));
  auto other = signal();
  other.set("set", "thumbs-r0000000002");
  CHECK(id_of(other) != id_of(signal()));
}

TEST_CASE("a schema of others makes no stream of their choice") {
  auto evil = signal();
  evil.set("schema", "cdctl.../../x/1");
  CHECK(stream_of(evil, "prod") == "logs-cdctl.records-prod");
  evil.set("schema", "mine");
  CHECK(stream_of(evil, "prod") == "logs-cdctl.records-prod");
}

TEST_CASE("a bulk answer is read item by item") {
  CHECK(read_bulk_answer(R"({"took":1,"errors":false,"items":[]})", 3)->again.empty());
  const auto answer = read_bulk_answer(
      R"({"took":1,"errors":true,"items":[{"create":{"status":201}},{"create":{"status":409,"error":{"type":"version_conflict_engine_exception","reason":"there"}}},
          {"create":{"status":429,"error":{"type":"es_rejected_execution_exception","reason":"busy"}}},{"create":{"status":400,"error":{"type":"document_parsing_exception","reason":"bad"}}}]})",
      4);
  REQUIRE(answer);
  CHECK(answer->again == std::vector<std::size_t>{2});
  REQUIRE(answer->refused.size() == 1);
  CHECK(answer->refused[0].index == 3);
  CHECK(answer->refused[0].why == "HTTP 400 document_parsing_exception: bad");
  const auto odd = read_bulk_answer(
      R"({"errors":true,"items":[{"create":{"status":400,"error":{"type":"a\nb"}}}]})", 1);
  REQUIRE(odd);
  CHECK_FALSE(odd->refused.at(0).why.contains('\n'));
}

TEST_CASE("an answer that is none takes nothing") {
  for (const char* body : {"", "<html>", "[]", "{}", R"({"errors":true,"items":[]})"}) {
    const auto answer = read_bulk_answer(body, 2);
    REQUIRE_FALSE(answer);
    CHECK(answer.error().transient);
  }
}
