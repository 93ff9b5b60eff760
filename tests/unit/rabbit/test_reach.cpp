#include <catch2/catch.hpp>

#include <fmt/format.h>

#include "plugins/rabbit/doctor_nodes.hpp"
#include "plugins/rabbit/reach_check.hpp"
#include "tests/support/fake_http.hpp"
#include "tests/support/test_host.hpp"

using namespace cdctl;
using namespace cdctl::rabbit;
using cdctl::test::FakeHttp;

namespace {

Json parsed(std::string_view text) { return Json::parse(text).value(); }

ServiceConfig service(const std::string& name, std::string_view rabbit) {
  ServiceConfig out;
  out.name = name;
  out.file = "services.d/" + name + ".toml";
  out.table = Json::object({{"rabbit", parsed(rabbit)}});
  return out;
}

}  // namespace

TEST_CASE("doctor says which names of other services a service's patterns reach") {
  const auto mails = service("mails", R"({"queues":{"mail-out":{}},"exchanges":{"mail":{}}})");
  const auto reach = [&](std::string_view rabbit) {
    const auto thumbs = service("thumbs", rabbit);
    const auto check = reach_check(thumbs, {&mails, &thumbs});
    return check ? check->found : "";
  };
  CHECK(reach(R"({"queues":{"thumbs":{}}})").empty());
  CHECK(reach(R"({"queues":{"thumbs":{}},"read":["thumbs-*"]})").empty());
  CHECK(reach(R"({"queues":{"thumbs":{}},"read":["mail-*"]})") ==
        "read = \"mail-*\" reaches the queue mail-out of mails");
  CHECK(reach(R"({"queues":{"thumbs":{}},"configure":["mail*"],"write":["mail"]})") ==
        "configure = \"mail*\" reaches the queue mail-out of mails; configure = \"mail*\" reaches "
        "the exchange mail of mails; write = \"mail\" reaches the exchange mail of mails");
  CHECK(reach(R"({"queues":{"mail-out":{}},"read":["mail-*"]})").empty());  // they share it
}

TEST_CASE("sets of another configuration that could end a service's workers are named") {
  Config config;
  config.services.push_back(service("thumbs", "{}"));
  const auto permissions = parsed(R"([
    {"user":"thumbs-r0123456789","vhost":"/","write":"celery\\.pidbox"},
    {"user":"mails-r0123456789","vhost":"/","write":"^(mails|celery\\.pidbox)$"},
    {"user":"sums-r0123456789","vhost":"/","write":"^sums$"},
    {"user":"news-r0123456789","vhost":"other","write":".*"},
    {"user":"guest","vhost":"/","write":".*"}])");
  CHECK(strangers_in_control(permissions, "/", config) ==
        std::vector<std::string>{"mails-r0123456789"});
}

TEST_CASE("addresses of two clusters in one list are said to be that") {
  const auto named = [](const char* cluster) {
    return [cluster](const FakeHttp::Request& request) {
      return FakeHttp::answer(200, request.path.contains("cluster-name")
                                       ? fmt::format(R"({{"name":"{}"}})", cluster)
                                       : std::string(R"({"name":"x"})"));
    };
  };
  FakeHttp one(named("rabbit@a")), same(named("rabbit@a")), other(named("rabbit@b"));
  test::TempDir folder;
  test::TestHost host{folder.path()};
  BrokerSettings settings;
  settings.managements = {one.url(), same.url()};
  const auto clusters = [&] {
    std::vector<Check> out;
    for (auto& check : node_checks(host, settings, Deadline(Millis(5000))))
      if (check.what == "cluster") out.push_back(std::move(check));
    return out;
  };
  CHECK(clusters().empty());
  settings.managements.push_back(other.url());
  const auto told = clusters();
  REQUIRE(told.size() == 1);
  CHECK(told[0].state == Check::State::bad);
  CHECK(told[0].found.contains(other.url() + " is of rabbit@b"));
  CHECK(told[0].found.contains(one.url() + " is of rabbit@a"));
}
