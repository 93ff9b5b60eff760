#include <catch2/catch.hpp>

#include <algorithm>
#include <filesystem>
#include <set>

#include "core/config/keys.hpp"
#include "core/plugins/host.hpp"

using namespace cdctl;
using namespace cdctl::config;

namespace {

plugins::PluginHost& host() {
  static plugins::PluginHost host(
      {std::filesystem::path(CDCTL_BUILD_DIR) / CDCTL_LIBDIR / "plugins"});
  return host;
}

const Keys& keys() {
  static const Keys keys(host());
  return keys;
}

std::set<std::string> rows_of(const std::string& plugin, bool service) {
  std::set<std::string> out;
  for (const auto& key : keys().all()) {
    if (key.place == config::KeyPlace::target) continue;
    const bool stands =
        key.place == config::KeyPlace::both || (key.place == config::KeyPlace::service) == service;
    if (key.plugin == plugin && stands && key.name.starts_with(plugin + ".") &&
        !key.name.ends_with('*'))
      out.insert(std::string(key.name.substr(plugin.size() + 1)));
  }
  return out;
}

}  // namespace

TEST_CASE("a plugin's manifest takes the keys that its rows tell, and its table has a row") {
  for (const auto& plugin : host().plugins()) {
    INFO(plugin.name);
    CHECK(rows_of(plugin.name, false) ==
          std::set<std::string>(plugin.global_keys.begin(), plugin.global_keys.end()));
    CHECK(rows_of(plugin.name, true) ==
          std::set<std::string>(plugin.service_keys.begin(), plugin.service_keys.end()));
    if (!plugin.global_keys.empty() || !plugin.service_keys.empty())
      CHECK(std::ranges::find(keys().all(), plugin.name, &ConfigKey::name) != keys().all().end());
  }
  CHECK(std::ranges::find(keys().all(), "rabbit", &ConfigKey::plugin) != keys().all().end());
}

TEST_CASE("a file with a command beside it holds a secret") {
  CHECK(keys().secret_files() ==
        std::vector<std::string_view>{
            "alertmanager.password_file", "elastic.password_file", "elastic.api_key_file",
            "gitea.token_file", "github.token_file", "gitlab.token_file", "launchpad.token_file",
            "otlp.token_file", "pagerduty.routing_key_file", "rabbit.password_file",
            "webhook.url_file", "webhook.token_file", "signals.token_file", "land.key_file"});
  CHECK(keys().secret_files(true) ==
        std::vector<std::string_view>{"gitea.token_file", "github.token_file", "gitlab.token_file",
                                      "launchpad.token_file"});
}

TEST_CASE("the loader's lists come from the rows") {
  using V = std::vector<std::string>;
  CHECK(config::known_keys(true, "") == V{"engine", "deployer", "units", "scale", "memory", "cpu",
                                          "stop_timeout", "stop", "stop_again", "switches",
                                          "min_live", "max_sets", "max_verdict_age", "accept_loss",
                                          "sources", "breaker", "reaper", "checks"});
  CHECK(config::known_keys(false, "") == V{"defaults", "signals", "land", "notify"});
  CHECK(config::known_keys(false, "defaults") ==
        V{"engine", "deployer", "min_live", "max_sets", "max_verdict_age", "breaker", "reaper"});
  CHECK(config::known_keys(false, "defaults.reaper") == config::known_keys(true, "reaper"));
  CHECK(config::known_keys(true, "breaker") == V{"rules", "overlap"});
  CHECK(config::known_keys(false, "rabbit").empty());
  CHECK(config::known_target_keys("") == V{"repository", "branch", "forge", "votes", "contributors",
                                           "message", "method", "hold", "frozen", "batch",
                                           "land_via", "remove_branch", "verify"});
  CHECK(config::known_target_keys("verify") == V{"command", "wrapper", "retries", "statuses",
                                                 "staging", "limit", "silence", "grace",
                                                 "network"});
}

TEST_CASE("a dotted key finds its row, names that people choose included") {
  REQUIRE(keys().find(true, "units.worker"));
  CHECK(keys().find(true, "units.worker")->name == "units.*");
  CHECK(keys().find(true, "reaper.keep"));
  CHECK(keys().find(false, "defaults.reaper.keep"));
  CHECK_FALSE(keys().find(false, "reaper.keep"));
  CHECK_FALSE(keys().find(true, "sources.trunk.git"));
  CHECK_FALSE(keys().find(true, "signals.spool"));
  CHECK(keys().find_in_target("verify.command"));
  CHECK(keys().find_in_target("git.reviewers"));
  for (const bool service : {true, false}) CHECK_FALSE(keys().find(service, "verify.command"));
  CHECK_FALSE(keys().find_in_target("reaper.keep"));
}

TEST_CASE("types are held, and every row is whole") {
  CHECK(config::wrong_type(*keys().find(false, "rabbit.feed_max_age"), Json("24h")).empty());
  CHECK_FALSE(config::wrong_type(*keys().find(false, "rabbit.feed_max_age"), Json("soon")).empty());
  CHECK_FALSE(config::wrong_type(*keys().find(true, "rabbit.publish"), Json("results")).empty());
  const auto nodes = [&](const Json& value) {
    return config::wrong_type(*keys().find(false, "rabbit.management"), value);
  };
  CHECK(nodes("http://a:15672").empty());
  CHECK(nodes(Json::array({"http://a:15672", "http://b:15672"})).empty());
  CHECK(nodes(Json::array()).find("list of them") != std::string::npos);
  CHECK(nodes(Json::array({"http://a", "amqp://b"})).find("http address") != std::string::npos);
  CHECK(nodes(5).find("not empty") != std::string::npos);
  CHECK_FALSE(config::wrong_type(*keys().find(true, "rabbit.max_connections"), Json("3")).empty());
  CHECK_FALSE(config::wrong_type(*keys().find(false, "signals.spool"), Json(1)).empty());
  for (const auto& key : keys().all()) {
    INFO(key.name);
    CHECK_FALSE(key.meaning.empty());
    CHECK_FALSE(key.example.empty());
    CHECK_FALSE(key.commands.empty());
    CHECK_FALSE(key.meaning.ends_with('.'));
  }
}
