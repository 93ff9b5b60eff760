// Holds the stand-in for juju (tests/fakes/juju) to what juju prints (tests/captures/juju): the
// same keys and the same types at the same places, version by version.

#include <algorithm>
#include <cstdlib>
#include <map>
#include <set>
#include <thread>

#include <catch2/catch.hpp>

#include <fmt/format.h>

#include <cdctl/child.hpp>
#include <cdctl/fs.hpp>

#include "tests/support/test_host.hpp"

using namespace cdctl;
namespace fs = std::filesystem;

namespace {

const fs::path k_captures(CDCTL_SOURCE_DIR "/tests/captures/juju");

std::string type_of(const Json& value) {
  if (value.is_object()) return "object";
  if (value.is_array()) return "array";
  if (value.is_string()) return "string";
  if (value.is_bool()) return "bool";
  return value.is_null() ? "null" : "number";
}

/// What is known of the objects at one place. A single object tells nothing of what is always
/// there.
struct Place {
  int objects = 0;
  std::map<std::string, int> keys;
  std::map<std::string, std::set<std::string>> types;
  [[nodiscard]] bool always(const std::string& key) const {
    const auto at = keys.find(key);
    return objects > 1 && at != keys.end() && at->second == objects;
  }
  [[nodiscard]] bool never(const std::string& key) const {
    return objects > 1 && !keys.contains(key);
  }
};
/// By place: `/applications/*/units/*`. The members of maps by name are one place.
using Shape = std::map<std::string, Place>;

bool is_map_by_name(std::string_view place) {
  static const std::set<std::string_view> maps = {"applications",
                                                  "machines",
                                                  "units",
                                                  "subordinates",
                                                  "relations",
                                                  "endpoint-bindings",
                                                  "application-endpoints",
                                                  "endpoints",
                                                  "offers",
                                                  "network-interfaces",
                                                  "containers",
                                                  "storage",
                                                  "controllers",
                                                  "related-units",
                                                  "data",
                                                  "application-data",
                                                  "users",
                                                  "show-model",
                                                  "show-unit"};
  const auto last = place.substr(place.rfind('/') + 1);
  return last == "storage" ? place.ends_with("/storage/storage") : maps.contains(last);
}

void add(Shape& shape, const Json& value, const std::string& place) {
  for (const auto& item : value.items()) add(shape, item, place + "[]");
  if (!value.is_object()) return;
  if (is_map_by_name(place)) {
    for (const auto& [name, member] : value.members()) add(shape, member, place + "/*");
    return;
  }
  auto& here = shape[place];
  ++here.objects;
  for (const auto& [key, member] : value.members()) {
    ++here.keys[key];
    here.types[key].insert(type_of(member));
    add(shape, member, place + "/" + key);
  }
}

/// `COMMAND-VERSION…json`, of the versions that begin so.
Shape captured(const std::string& command, const std::string& versions) {
  Shape out;
  for (const auto& entry : fs::directory_iterator(k_captures)) {
    const auto name = entry.path().filename().string();
    if (!name.starts_with(command + "-") || !versions.contains(name.substr(command.size() + 1, 1)))
      continue;
    if (name.contains("status-errors")) continue;
    add(out, Json::parse(read_file(entry.path()).value()).value(),
        command != "status" && command != "models" && command != "controllers" ? command : "");
  }
  return out;
}

/// The stand-in with two models that hold something of everything.
class Stand {
 public:
  explicit Stand(const std::string& version) {
    static const std::string path = std::getenv("PATH");
    ::setenv("PATH", (CDCTL_SOURCE_DIR "/tests/fakes:" + path).c_str(), 1);
    ::setenv("FAKE_JUJU", dir_.path().c_str(), 1);
    ::setenv("FAKE_JUJU_CACHE", CDCTL_BUILD_DIR "/tests/pycache", 1);
    ::setenv("FAKE_JUJU_VERSION", version.c_str(), 1);
    ::unsetenv("FAKE_JUJU_TROUBLE");
    say({"juju_control", "init"});
    say({"juju_control", "charm", "cutter",
         R"({"revision":8,"provides":{"website":"http"},"requires":{"amqp":"rabbitmq"}})"});
    say({"juju_control", "broker", "queues"});
    say({"juju_control", "model", "press"});
    say({"juju_control", "model", "reel", "--type", "caas"});
    for (const auto* model : {"press", "reel"}) {
      say({"juju", "deploy", "cutter", "-m", model, "-n", "2"});
      say({"juju", "consume", "admin/queues.rabbit", "-m", model});
      say({"juju", "relate", "cutter:amqp", "rabbit:amqp", "-m", model});
      say({"juju", "offer", std::string(model) + ".cutter:website", "site"});
    }
    say({"juju", "deploy", "nrpe", "-m", "press"});
    say({"juju", "relate", "cutter", "nrpe:general-info", "-m", "press"});
    say({"juju_control", "storage", "press", "cutter", "spool/0"});
    say({"juju_control", "say", "press", "cutter/1", "blocked", "no queue"});
    // No capture shows a unit whose agent is being installed.
    for (const Deadline deadline(std::chrono::seconds(20));
         say({"juju", "status", "-m", "press", "--format", "json"}).contains("allocating");)
      REQUIRE_FALSE(deadline.passed());
  }
  ~Stand() { (void)run_one({"juju_control", "stop"}); }
  Stand(const Stand&) = delete;

  Json ask(std::vector<std::string> words) const {
    words.insert(words.begin(), "juju");
    words.insert(words.end(), {"--format", "json"});
    return Json::parse(say(words)).value();
  }
  static std::string say(const std::vector<std::string>& words) {
    const auto finished = run_one(words);
    INFO(fmt::format("{}: {}", fmt::join(words, " "), finished.err));
    REQUIRE(finished.ok());
    return finished.out;
  }
  static Finished run_one(const std::vector<std::string>& words) {
    Program command;
    command.argv = words;
    command.deadline = Deadline(std::chrono::seconds(30));
    return run(command).value();
  }

 private:
  test::TempDir dir_;
};

/// What a run says of each command that there are captures of.
std::map<std::string, Shape> shapes_of(const Stand& stand) {
  std::map<std::string, Shape> out;
  for (const auto* model : {"press", "reel", "queues"}) {
    add(out["status"], stand.ask({"status", "-m", model, "--utc"}), "");
    add(out["show-model"], stand.ask({"show-model", model}), "show-model");
  }
  add(out["models"], stand.ask({"models"}), "");
  add(out["offers"], stand.ask({"offers", "-m", "queues"}), "offers");
  add(out["controllers"], stand.ask({"controllers"}), "");
  add(out["show-unit"], stand.ask({"show-unit", "cutter/0", "-m", "reel"}), "show-unit");
  return out;
}

}  // namespace

namespace {

/// Keys that are not known, or of another type.
void check_known(const Place& own, const Place& known) {
  for (const auto& [key, types] : own.types) {
    INFO("key " << key);
    const auto wanted = known.types.find(key);
    REQUIRE(wanted != known.types.end());
    CHECK(std::ranges::includes(wanted->second, types));
  }
}

/// What one version always has and another never, tells versions apart: it must be so here.
void check_version(const Place& own, const Place& same, const Place& other) {
  for (const auto& [key, types] : other.types) {
    INFO("key " << key << ", of other versions");
    if (other.always(key) && same.never(key)) CHECK_FALSE(own.keys.contains(key));
  }
  for (const auto& [key, types] : same.types) {
    INFO("key " << key << ", of this version alone");
    if (same.always(key) && other.never(key)) CHECK(own.keys.contains(key));
  }
}

}  // namespace

TEST_CASE("the stand-in answers with the keys and types of the captures") {
  const auto [version, series] = GENERATE(
      values<std::pair<std::string, std::string>>({{"2.9", "2"}, {"3.6", "3"}, {"4.0", "4"}}));
  const Stand stand(version);
  for (const auto& [command, shape] : shapes_of(stand)) {
    const auto all = captured(command, "234"), same = captured(command, series);
    for (const auto& [place, own] : shape) {
      INFO("version " << version << ": " << command << " " << place);
      REQUIRE(all.contains(place));
      check_known(own, all.at(place));
      for (const auto& [key, types] : all.at(place).types) {
        INFO("key " << key);
        if (all.at(place).always(key)) CHECK(own.keys.contains(key));
      }
      for (const std::string others : {"2", "3", "4"}) {
        const auto other = captured(command, others);
        if (others != series && other.contains(place) && same.contains(place))
          check_version(own, same.at(place), other.at(place));
      }
    }
  }
}

TEST_CASE("the stand-in fails as the captured run did") {
  const Stand stand("3.6");
  const auto real =
      Json::parse(read_file(k_captures / "error-36-model-not-found.json").value()).value();
  std::vector<std::string> words = {"juju"};
  for (const auto& word : real["argv"].items()) words.push_back(word.as_string());
  const auto finished = Stand::run_one(words);
  CHECK(finished.out == real["stdout"].view());
  CHECK(finished.err == real["stderr"].view());
  CHECK(finished.status == real["exit"].as_int());
}

namespace {

/// What becomes of `juju add-model MODEL` in that trouble, and whether the model is there
/// afterwards.
std::pair<Finished, bool> add_model_in(const Stand& stand, const std::string& trouble,
                                       const std::string& model) {
  Stand::say({"juju_control", "trouble", "add-model=" + trouble});
  Program command;
  command.argv = {"juju", "add-model", model, "--no-switch"};
  command.deadline =
      Deadline(std::chrono::seconds(5));  // longer than it takes to make a model on a busy machine
  auto finished = run(command).value();
  Stand::say({"juju_control", "trouble"});
  bool there = false;
  const auto list = stand.ask({"models"});
  for (const auto& item : list["models"].items())
    there = there || item["short-name"].view() == model;
  return {std::move(finished), there};
}

}  // namespace

TEST_CASE("the stand-in goes wrong before a change or after it") {
  const Stand stand("3.6");
  int number = 0;
  for (const std::string kind : {"shutdown", "signal", "hang"}) {
    for (const bool after : {false, true}) {
      INFO(kind << " " << after);
      const auto [finished, there] =
          add_model_in(stand, kind + (after ? "@after" : ""), fmt::format("m{}", ++number));
      CHECK_FALSE(finished.ok());
      CHECK(there == after);
    }
  }
  // A trouble of so many runs ends with them.
  CHECK(add_model_in(stand, "shutdown*0", "last").first.ok());
}

TEST_CASE("of those who make a model at the same time in the stand-in one does") {
  const Stand stand("4.0");
  std::vector<std::string> out(6);
  {
    std::vector<std::jthread> runs;
    for (auto& one : out)
      runs.emplace_back(
          [&one] { one = Stand::run_one({"juju", "add-model", "same", "--no-switch"}).err; });
  }
  CHECK(std::ranges::count_if(out, [](const auto& err) { return err.starts_with("Added "); }) == 1);
  CHECK(std::ranges::count_if(out,
                              [](const auto& err) { return err.contains("already exists"); }) == 5);
}
