#pragma once

#include <chrono>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <thread>

#include <catch2/catch.hpp>

#include <cdctl/set_name.hpp>
#include <cdctl/source.hpp>
#include <cdctl/time.hpp>

#include "plugins/juju/engine/engine.hpp"
#include "plugins/juju/sets/tags.hpp"
#include "tests/support/juju_world.hpp"
#include "tests/support/test_host.hpp"

namespace cdctl::test {

template <class T>
T must(Result<T> result) {
  INFO((result ? std::string() : result.error().what));
  REQUIRE(result.has_value());
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

inline Sources some_sources() {
  return {{"trunk", {"git", "", "9f2c1ab", 124}}, {"config", {"file", "", "c0ffee", {}}}};
}

/// One application with two units that run no program.
inline BundleWorkload some_bundle() {
  return {Json::object(
              {{"applications",
                Json::object({{"lamp", Json::object({{"charm", "lamp"}, {"num_units", 2}})}})}}),
          {}};
}

/// A home of the engine on the stand-in's controller.
class JujuHome {
 public:
  explicit JujuHome(const std::string& version = "3.6")
      : world(version), host_(world.folder() / "home") {
    open();
  }

  JujuWorld world;
  [[nodiscard]] juju::JujuEngine& engine() { return *engine_; }
  [[nodiscard]] TestHost& host() { return host_; }
  [[nodiscard]] std::filesystem::path controller_folder() const {
    return host_.home() / "juju/0c0ffee0-0000-4000-8000-000000000001";
  }
  [[nodiscard]] std::filesystem::path set_folder(const SetName& set) const {
    return controller_folder() / "sets" / set.str();
  }

  /// Gives the service a `[juju]` table.
  void configure(const SetName& set, const std::string& table) {
    ServiceConfig service;
    service.name = set.service;
    service.file = "services.d/" + set.service + ".toml";
    service.engine = "juju";
    service.table = Json::object({{"juju", Json::parse(table).value()}});
    host_.config_value.services = {std::move(service)};
  }
  void log_in(const std::string& user) {
    std::ofstream(world.folder() / "data/accounts.yaml")
        << "controllers:\n  attic:\n    user: " << user << "\n    password: shy-secret\n";
    open();
  }
  void deploy(const SetName& set) {
    const Deadline deadline(std::chrono::seconds(60));
    const auto claim = must(engine_->claim(set, some_sources(), now(), deadline));
    must(claim->clean(deadline));
    must(claim->start_bundle(some_bundle(), deadline));
    must(claim->finish());
  }
  void wait_for_units(const SetName& set, std::int64_t up) {
    const Deadline deadline(std::chrono::seconds(30));
    while (must(engine_->describe(set, deadline)).up != up) {
      REQUIRE_FALSE(deadline.passed());
      std::this_thread::sleep_for(Millis(50));
    }
  }
  void change_tags(const SetName& set, const std::string& key, const std::string& value) {
    auto tags = juju::tags_from_text(world.control({"tags", set.str()}));
    tags[key] = value;
    world.juju({"--no-alias", "model-config", "-m", "attic:" + model_uuid(set),
                "resource-tags=" + must(juju::tags_text(tags)), "-B"});
  }
  [[nodiscard]] std::string model_uuid(const SetName& set) {
    const auto state = world.shown();
    for (const auto& [uuid, model] : state["models"].members())
      if (model["name"].view() == set.str()) return uuid;
    return {};
  }

  /// Another machine, or another process of this one, on the same controller.
  class Other {
   public:
    Other(const JujuHome& beside, const std::string& machine)
        : host_(machine.empty() ? beside.host_.home() : beside.world.folder() / machine) {
      host_.config_value = beside.host_.config_value;
      engine_ = std::make_unique<juju::JujuEngine>(host_);
    }
    [[nodiscard]] juju::JujuEngine& engine() { return *engine_; }

   private:
    TestHost host_;
    std::unique_ptr<juju::JujuEngine> engine_;
  };

 private:
  void open() {
    host_.config_value.file = world.folder() / "cdctl.toml";
    host_.config_value.table =
        Json::object({{"juju", Json::object({{"controller", "attic"}, {"data", "data"}})}});
    engine_ = std::make_unique<juju::JujuEngine>(host_);
  }
  TestHost host_;
  std::unique_ptr<juju::JujuEngine> engine_;
};

}  // namespace cdctl::test
