#include <catch2/catch.hpp>

#include <cdctl/digest.hpp>
#include <cdctl/signal.hpp>

#include "plugins/rabbit/probe/poison.hpp"
#include "tests/support/fake_http.hpp"
#include "tests/support/show_result.hpp"
#include "tests/support/test_host.hpp"

using namespace cdctl;
using namespace cdctl::rabbit;
using cdctl::test::FakeHttp;

namespace {

const SetName k_set{"thumbs", "r5f0c1e9a2b"};
const Time k_at = *parse_rfc3339("2026-11-23T04:00:00Z");

/// `c3dvcmRmaXNo` is `swordfish`.
std::string row(int returns, const std::string& headers = "",
                const std::string& body = "c3dvcmRmaXNo") {
  return R"({"payload_bytes":6,"redelivered":true,"exchange":"","routing_key":"thumbs","message_count":0,"properties":)"
         R"({"type":"resize","message_id":"m1","headers":{"x-delivery-count":)" +
         std::to_string(returns) + headers + R"(,"secret-of":"geheim"}},"payload":")" + body +
         R"(","payload_encoding":"base64"})";
}

/// A broker of one quorum queue, `thumbs`, and a classic one for its dead letters.
struct Queues {
  std::string work = "[]", dead = "[]", arguments = "{}", policies = "[]";
  int looks = 0;
  test::TempDir folder;
  test::TestHost host{folder.path()};
  ServiceConfig service;
  Json known = Json::object();
  FakeHttp http{[this](const FakeHttp::Request& request) { return answer(request); }};
  Management management{host, settings()};

  Queues() {
    service.name = "thumbs";
    const auto work_queue =
        Json::object({{"arguments", Json::object({{"x-dead-letter-exchange", ""},
                                                  {"x-dead-letter-routing-key", "thumbs.dead"}})}});
    service.table = Json::object(
        {{"rabbit",
          Json::object({{"queues",
                         Json::object({{"thumbs", work_queue},
                                       {"thumbs.dead", Json::object({{"type", "classic"}})}})}})}});
  }
  BrokerSettings settings() {
    BrokerSettings out;
    out.managements = {http.url()};
    return out;
  }
  std::string answer(const FakeHttp::Request& request) {
    if (request.path.contains("/thumbs.dead/get")) return ++looks, FakeHttp::answer(200, dead);
    if (request.path.ends_with("/get")) return ++looks, FakeHttp::answer(200, work);
    if (request.path.contains("overview"))
      return FakeHttp::answer(200, R"({"rabbitmq_version":"3.10.8"})");
    if (request.path.contains("policies")) return FakeHttp::answer(200, policies);
    const bool is_dead = request.path.contains("thumbs.dead");
    return FakeHttp::answer(200, std::string(R"({"name":")") +
                                     (is_dead ? "thumbs.dead" : "thumbs") + R"(","type":")" +
                                     (is_dead ? "classic" : "quorum") +
                                     R"(","durable":true,"arguments":)" + arguments + "}");
  }
  std::vector<Json> look(const Suspicion& suspicion) {
    auto found =
        find_poison(management, service, k_set, suspicion, known, k_at, Deadline(Millis(5000)));
    if (!found) FAIL(found.error().what);
    for (const auto& signal : *found) {
      CHECK(normal_signal(signal));
      CHECK(signal.dump().find("geheim") == std::string::npos);
      CHECK(signal.dump().find("swordfish") == std::string::npos);
    }
    return *found;
  }
};

constexpr Suspicion k_crashing{.crashing = true}, k_more_dead{.more_dead = true};

}  // namespace

TEST_CASE("a message that comes back and back is named by its digest and never by its body") {
  Queues queues;
  queues.work = "[" + row(4) + "," + row(0, "", "am9i") + "]";
  const auto told = queues.look(k_crashing);
  REQUIRE(told.size() == 1);
  const auto& poison = told[0]["rabbit"]["poison"];
  CHECK(told[0]["signal"].view() == "service/poison");
  CHECK(told[0]["severity"].view() == "warning");
  CHECK(poison["queue"].view() == "thumbs");
  CHECK(poison["returns"].as_int() == 4);
  CHECK(poison["sha256"].view() == sha256_hex("swordfish").substr(0, 12));
  CHECK(poison["properties"]["type"].view() == "resize");
  CHECK(poison["headers"].dump() == R"(["secret-of"])");
  CHECK(told[0]["message"].as_string().contains("has come back 4 times"));
}

TEST_CASE("a message is told again when it came back since, and our own looks are no evidence") {
  Queues queues;
  queues.work = "[" + row(4) + "]";
  CHECK(queues.look(k_crashing).size() == 1);
  queues.work = "[" + row(5) + "]";  // we have put it back
  CHECK(queues.look(k_crashing).empty());
  queues.work = "[" + row(8) + "]";  // twice we, and twice somebody who died
  const auto told = queues.look(k_crashing);
  REQUIRE(told.size() == 1);
  CHECK(told[0]["rabbit"]["poison"]["returns"].as_int() == 6);
  Queues idle;
  for (int i = 0; i < 10; ++i) {
    idle.work = "[" + row(i) + "]";
    CHECK(idle.look(k_crashing).empty());
  }
}

TEST_CASE("many messages that come back are a revision's fault") {
  Queues queues;
  std::string rows;
  for (const auto* body : {"YQ==", "Yg==", "Yw==", "ZA=="}) rows += row(9, "", body) + ",";
  rows.pop_back();
  queues.work = "[" + rows + "]";
  CHECK(queues.look(k_crashing).empty());
}

TEST_CASE("a message that was given up is named from the dead letters") {
  Queues queues;
  const auto died = [](const std::string& reason) {
    return R"(,"x-death":[{"reason":")" + reason + R"(","queue":"thumbs","count":1}])";
  };
  queues.dead = "[" + row(0, died("delivery_limit")) + "," + row(0, died("rejected"), "am9i") + "]";
  const auto told = queues.look(k_more_dead);
  REQUIRE(told.size() == 1);
  CHECK(told[0]["rabbit"]["poison"]["queue"].view() == "thumbs");
  CHECK(told[0]["rabbit"]["poison"]["in"].view() == "thumbs.dead");
  CHECK(queues.look(k_more_dead).empty());  // once
}

TEST_CASE("a queue that counts a look against its messages is not looked into") {
  Queues queues;
  queues.work = "[" + row(4) + "]";
  queues.arguments = R"({"x-delivery-limit":5})";
  queues.service.table.find("rabbit")
      ->find("queues")
      ->find("thumbs")
      ->find("arguments")
      ->set("x-delivery-limit", 5);
  CHECK(queues.look(k_crashing).empty());
  CHECK(queues.looks == 0);
}

TEST_CASE("what the broker says of a limit counts, and not the file, and in doubt there is one") {
  Queues queues;
  queues.work = "[" + row(4) + "]";
  SECTION("the queue was made with a limit that the file has no more") {
    queues.arguments = R"({"x-delivery-limit":5})";
  }
  SECTION("a policy of which nobody can say whether it holds") {
    queues.policies =
        R"([{"name":"p","pattern":"^(((a*)*)*(","apply-to":"queues","definition":{}}])";
  }
  CHECK(queues.look(k_crashing).empty());
  CHECK(queues.looks == 0);
}

TEST_CASE("without a suspicion nothing is looked into") {
  Queues queues;
  CHECK(queues.look({}).empty());
  CHECK(queues.http.seen().empty());
}

TEST_CASE("what is no message is none") {
  CHECK_FALSE(read_peeked(Json()));
  CHECK_FALSE(read_peeked(Json::object({{"payload", "?"}, {"payload_encoding", "base64"}})));
  CHECK_FALSE(read_peeked(Json::object({{"payload", "poison"}, {"payload_encoding", "string"}})));
}
