#include <catch2/catch.hpp>

#include "plugins/juju/client/settings.hpp"

using namespace cdctl;
using namespace cdctl::juju;

TEST_CASE("the table of a service has defaults") {
  const auto settings = settings_of(Json());
  REQUIRE(settings);
  CHECK(settings->isolation == Isolation::model);
  CHECK(settings->cuts(CutMeans::relations));
  CHECK(settings->cuts(CutMeans::expose));
  CHECK_FALSE(settings->cuts(CutMeans::scale));
  CHECK_FALSE(settings->destroy_storage);
  CHECK(settings->give_up_after == std::chrono::minutes(30));
}

TEST_CASE("the table of a service is read") {
  const auto settings = settings_of(
      Json::parse(
          R"({"isolation":"application","model":"attic:ann/shared","application":"worker","cloud":"shed/north","credential":"ann",
    "model_config":{"logging-config":"<root>=INFO","automatically-retry-hooks":false,"max-status-history-age":3},"amqp":"worker:amqp-url","amqp_as":"secret",
    "storage":"destroy","cut":["scale","scale"],"force_after":"1s","no_wait_after":"2s","give_up_after":"3s"})")
          .value());
  REQUIRE(settings);
  CHECK(settings->isolation == Isolation::application);
  CHECK(settings->model == "attic:ann/shared");
  CHECK(settings->amqp_application == "worker");
  CHECK(settings->amqp_option == "amqp-url");
  CHECK(settings->amqp_as == AmqpAs::secret);
  CHECK(settings->destroy_storage);
  CHECK(settings->cut == std::vector{CutMeans::scale});
  CHECK(settings->force_after == Millis(1000));
  CHECK(settings->model_config.at("automatically-retry-hooks") == "false");
  CHECK(settings->model_config.at("max-status-history-age") == "3");
}

TEST_CASE("a wrong key is named") {
  const auto [text, key] = GENERATE(table<const char*, const char*>({
      {R"({"isolation":"unit"})", "isolation"},
      {R"({"isolation":"application"})", "model"},
      {R"({"model":"shared"})", "model"},
      {R"({"isolation":"application","model":"--all"})", "model"},
      {R"({"application":"worker"})", "application"},
      {R"({"cloud":"-c"})", "cloud"},
      {R"({"cloud":"a/b/c"})", "cloud"},
      {R"({"credential":"../x"})", "credential"},
      {R"({"model_config":{"a":"@/etc/passwd"}})", "model_config"},
      {R"({"model_config":{"--x":"1"}})", "model_config"},
      {R"({"model_config":{"x":[1]}})", "model_config"},
      {R"({"amqp":"x:"})", "amqp"},
      {R"({"amqp":3})", "amqp"},
      {R"({"amqp_as":"argv"})", "amqp_as"},
      {R"({"storage":true})", "storage"},
      {R"({"cut":"relations"})", "cut"},
      {R"({"cut":["power"]})", "cut"},
      {R"({"force_after":"soon"})", "force_after"},
      {R"({"force_after":"20m"})", "no_wait_after"},
      {R"({"no_wait_after":"40m"})", "give_up_after"},
  }));
  INFO(text);
  const auto settings = settings_of(Json::parse(text).value());
  REQUIRE_FALSE(settings);
  CHECK(settings.error().exit == ExitCode::config);
  CHECK(settings.error().what.starts_with(std::string("[juju] ") + key + ": "));
}
