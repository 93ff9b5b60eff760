#include <algorithm>

#include <catch2/catch.hpp>

#include <fmt/format.h>

#include <cdctl/fs.hpp>

#include "plugins/juju/world/acts.hpp"
#include "plugins/juju/world/border.hpp"
#include "plugins/juju/world/world.hpp"
#include "tests/support/juju_world.hpp"

using namespace cdctl;
using namespace cdctl::juju;
namespace fs = std::filesystem;

namespace {

constexpr Millis k_time = std::chrono::seconds(60);

Json parsed(const std::string& text) { return Json::parse(text).value(); }

/// A set's model that consumes the broker's offer and exposes its application.
class Site : public test::JujuWorld {
 public:
  explicit Site(const std::string& version = "3.6", const std::string& kind = "iaas")
      : JujuWorld(version) {
    model = control({"model", "thumbs-r5f0c1e9a2b", "--type", kind, "--config",
                     "resource-tags=cdctl-set=thumbs-r5f0c1e9a2b owner=ann"});
    broker = control({"broker"});
    application("thumbs-r5f0c1e9a2b", "lamp");
    set.access = access;
    set.set = "thumbs-r5f0c1e9a2b";
    set.model = model;
    set.remembered = folder() / "home/sets/thumbs-r5f0c1e9a2b/cut";
  }
  void application(const std::string& where, const std::string& name,
                   const std::string& units = "1") {
    control({"application", where, name, "--charm", "lamp", "--units", units});
  }
  void consume() {
    juju({"consume", "admin/queues.rabbit", "-m", "attic:" + model});
    juju({"relate", "lamp:amqp", "rabbit:amqp", "-m", "attic:" + model});
  }
  /// The connections of the offer, as Juju shows them.
  [[nodiscard]] Json connections() {
    return parsed(
        juju({"offers", "-m", "attic:" + broker, "--format", "json"}))["rabbit"]["connections"];
  }
  [[nodiscard]] std::string state() {
    return connections().items().at(0)["status"]["current"].as_string();
  }
  [[nodiscard]] Json exposed(const std::string& name = "lamp") {
    return parsed(juju({"show-application", name, "-m", "attic:" + model, "--format",
                        "json"}))[name]["exposed-endpoints"];
  }
  [[nodiscard]] std::string tags() { return control({"tags", "thumbs-r5f0c1e9a2b"}); }
  Result<Step> cut(std::string_view why = "errors >= 5 in 1m") {
    return cut_world(set, why, Deadline(k_time));
  }
  Result<Step> mend() { return mend_world(set, Deadline(k_time)); }

  std::string broker, model;
  WorldSet set;
};

std::string shown(const Result<Step>& step) {
  return step ? step->details.dump() : step.error().what;
}

std::size_t count(const std::vector<std::string>& ran, std::string_view command) {
  return static_cast<std::size_t>(std::ranges::count(ran, command));
}

}  // namespace

// ---------------------------------------------------------------- what status says

TEST_CASE("urls of offers are taken apart, and nothing else is one") {
  const auto url = parse_offer_url("attic:noble-sunbeam.lxd/openstack.cert-distributor");
  REQUIRE(url);
  CHECK(url->controller == "attic");
  CHECK(url->model_name() == "noble-sunbeam.lxd/openstack");
  CHECK(url->offer == "cert-distributor");
  CHECK(parse_offer_url("bob@external/dim.rabbit")->controller.empty());
  for (const auto* bad :
       {"", ":admin/queues.rabbit", "queues.rabbit", "admin/queues", "admin/queues.",
        "admin/.rabbit", "-a:admin/queues.rabbit", "admin/queues.rab bit", "admin/-q.r"}) {
    INFO(bad);
    REQUIRE_FALSE(parse_offer_url(bad));
    CHECK(parse_offer_url(bad).error().exit == ExitCode::unknown);
  }
}

TEST_CASE("relations to an offer are counted, whatever its aliases") {
  const auto status = parsed(R"({"application-endpoints":{
    "rabbit":{"url":"admin/queues.rabbit","relations":{"amqp":["lamp","torch"]}},
    "hare":{"url":"admin/queues.rabbit","relations":{"amqp":["lamp"]}},
    "idle":{"url":"admin/queues.other"},
    "far":{"url":"barn:admin/logs.sink","relations":{"in":[{"related-application":"lamp","interface":"log","scope":"global"}]}}}})");
  const auto consumed = consumed_offers(status);
  REQUIRE(consumed);
  REQUIRE(consumed->size() == 2);
  CHECK((*consumed)[0].url.offer == "rabbit");
  CHECK((*consumed)[0].relations == 3);
  CHECK((*consumed)[1].url.controller == "barn");
  const auto unread =
      consumed_offers(parsed(R"({"application-endpoints":{"rabbit":{"status-error":"boom"}}})"));
  REQUIRE_FALSE(unread);
  CHECK(unread.error().exit == ExitCode::unknown);
}

TEST_CASE(
    "relations inside a model are paired by their interface, peers and subordinates are part of "
    "the application") {
  const auto status = parsed(R"({"applications":{
    "lamp":{"relations":{"amqp":[{"related-application":"rabbit","interface":"rabbitmq","scope":"global"}],
                         "db":[{"related-application":"pg","interface":"pgsql","scope":"global"}],
                         "admin":[{"related-application":"pg","interface":"pgadmin","scope":"global"}],
                         "ring":[{"related-application":"lamp","interface":"ring","scope":"global"}],
                         "juju-info":[{"related-application":"nrpe","interface":"juju-info","scope":"container"}]}},
    "pg":{"relations":{"root":[{"related-application":"lamp","interface":"pgadmin","scope":"global"}],"sql":[{"related-application":"lamp","interface":"pgsql","scope":"global"}]}},
    "nrpe":{"subordinate-to":["lamp"],"relations":{"general-info":[{"related-application":"lamp","interface":"juju-info","scope":"container"}]}}},
    "application-endpoints":{"rabbit":{"endpoints":{"amqp":{"interface":"rabbitmq"}},"relations":{"amqp":["lamp"]}}}})");
  const auto relations = relations_of(status, "lamp");
  REQUIRE(relations);
  CHECK(*relations == std::vector<RelationEnds>{{"lamp:admin", "pg:root"},
                                                {"lamp:amqp", "rabbit:amqp"},
                                                {"lamp:db", "pg:sql"}});
}

TEST_CASE("relations of 2.9, which name no interface, are paired where that is sure") {
  const auto one = relations_of(
      parsed(
          R"({"applications":{"lamp":{"relations":{"amqp":["rabbit"],"info":["nrpe"]}},"rabbit":{"relations":{"amqp":["lamp"]}},
                                          "nrpe":{"subordinate-to":["lamp"],"relations":{"host":["lamp"]}}}})"),
      "lamp");
  REQUIRE(one);
  CHECK(*one == std::vector<RelationEnds>{{"lamp:amqp", "rabbit:amqp"}});
  const auto unsure = relations_of(
      parsed(
          R"({"applications":{"lamp":{"relations":{"a":["pg"],"b":["pg"]}},"pg":{"relations":{"x":["lamp"],"y":["lamp"]}}}})"),
      "lamp");
  REQUIRE_FALSE(unsure);
  CHECK(unsure.error().exit == ExitCode::unknown);
  CHECK(unsure.error().what.contains("lamp:a"));
  CHECK_FALSE(
      relations_of(parsed(R"({"applications":{"lamp":{"relations":{"a":["pg"]}}}})"), "lamp"));
  CHECK_FALSE(relations_of(parsed(R"({"applications":{"lamp":{"status-error":"boom"}}})"), "lamp"));
}

TEST_CASE("what a cut remembers goes through its text") {
  Remembered some;
  some.suspended["attic:5e7a0000-0000-4000-8000-000000000001"] = {4, 9};
  some.exposed["lamp"] =
      parsed(R"({"":{"expose-to-cidrs":["10.0.0.0/8"]},"web":{"expose-to-spaces":["dmz"]}})");
  some.scaled["lamp"] = 3;
  some.relations.insert({"lamp:amqp", "rabbit:amqp"});
  const auto text = to_json(some).canonical();
  const auto again = remembered_from_json(parsed(text));
  REQUIRE(again);
  CHECK(*again == some);
  CHECK(to_json(Remembered{}).canonical() == "{}");
  CHECK(remembered_from_json(parsed("{}"))->empty());
  for (const auto* bad :
       {"[]", R"({"s":{"m":["x"]}})", R"({"e":{"--all":{}}})", R"({"n":{"lamp":0}})",
        R"({"r":[["lamp:amqp"]]})", R"({"r":[["lamp:amqp","--force:x"]]})"}) {
    INFO(bad);
    CHECK_FALSE(remembered_from_json(parsed(bad)));
  }
}

TEST_CASE("a rule of exposure becomes the words of juju expose") {
  const auto rule =
      parsed(R"({"expose-to-spaces":["dmz","lan"],"expose-to-cidrs":["10.0.0.0/8","::/0"]})");
  CHECK(expose_words("lamp", "web", rule) ==
        std::vector<std::string>{"expose", "lamp", "--endpoints", "web", "--to-spaces", "dmz,lan",
                                 "--to-cidrs", "10.0.0.0/8,::/0"});
  CHECK(expose_words("lamp", "", Json()) == std::vector<std::string>{"expose", "lamp"});
}

// ---------------------------------------------------------------- a model of its own

TEST_CASE(
    "a cut suspends the relation where it is offered, a mend resumes it, and both may be "
    "repeated") {
  const auto version = GENERATE("2.9", "3.6");
  INFO(version);
  Site site(version);
  site.consume();
  CHECK(site.state() == "joined");
  const auto cut = site.cut();
  INFO(shown(cut));
  REQUIRE(cut);
  CHECK(cut->changed);
  CHECK(cut->details.dump() == R"({"suspended":1})");
  CHECK(site.state() == "suspended");
  CHECK(site.connections().items()[0]["status"]["message"].view() ==
        "cut by cdctl: errors >= 5 in 1m");
  CHECK(read_world(site.set, Deadline(k_time))->cut);

  (void)site.ran();
  const auto again = site.cut();
  REQUIRE(again);
  CHECK_FALSE(again->changed);
  CHECK(count(site.ran(), "suspend-relation") == 0);

  const auto mended = site.mend();
  INFO(shown(mended));
  REQUIRE(mended);
  CHECK(mended->changed);
  CHECK(site.state() == "joined");
  CHECK_FALSE(read_world(site.set, Deadline(k_time))->cut);
  CHECK(site.tags().contains("owner=ann"));
  CHECK(site.tags().contains("cdctl-set=thumbs-r5f0c1e9a2b"));
  CHECK_FALSE(fs::exists(site.set.remembered));
  const auto twice = site.mend();
  REQUIRE(twice);
  CHECK_FALSE(twice->changed);
}

TEST_CASE("relations of other models to the same offer stay") {
  Site site;
  site.consume();
  const auto other = site.control({"model", "other"});
  site.application("other", "lamp");
  site.juju({"consume", "admin/queues.rabbit", "-m", "attic:" + other});
  site.juju({"relate", "lamp:amqp", "rabbit:amqp", "-m", "attic:" + other});
  REQUIRE(site.cut());
  const auto connections = site.connections();
  REQUIRE(connections.items().size() == 2);
  for (const auto& one : connections.items())
    CHECK(one["status"]["current"].view() ==
          (one["source-model-uuid"].view() == site.model ? "suspended" : "joined"));
}

TEST_CASE("what somebody suspended by hand stays suspended") {
  Site site;
  site.consume();
  const auto id = std::to_string(site.connections().items()[0]["relation-id"].as_int());
  site.juju({"suspend-relation", id, "-m", "attic:" + site.broker, "--message", "by hand"});
  const auto cut = site.cut();
  REQUIRE(cut);
  const auto mended = site.mend();
  REQUIRE(mended);
  CHECK_FALSE(mended->changed);
  CHECK(mended->details["left"].items().size() == 1);
  CHECK(site.state() == "suspended");
}

TEST_CASE("exposure is taken away and comes back rule by rule") {
  Site site;
  site.juju({"expose", "lamp", "-m", "attic:" + site.model, "--to-cidrs", "10.0.0.0/8"});
  site.juju({"expose", "lamp", "-m", "attic:" + site.model, "--endpoints", "website", "--to-spaces",
             "dmz,lan"});
  const auto before = site.exposed();
  REQUIRE(before.members().size() == 2);
  const auto cut = site.cut();
  INFO(shown(cut));
  REQUIRE(cut);
  CHECK(cut->details.dump() == R"({"unexposed":1})");
  CHECK(site.exposed().members().empty());
  CHECK(read_world(site.set, Deadline(k_time))->cut);

  SECTION("on the same machine") {}
  SECTION("on another machine, from Juju alone") {
    site.set.remembered = site.folder() / "elsewhere/sets/thumbs/cut";
  }
  SECTION("from the file, when somebody dropped the tag") {
    site.juju({"model-config", "-m", "attic:" + site.model, "resource-tags=owner=ann"});
  }
  const auto mended = site.mend();
  INFO(shown(mended));
  REQUIRE(mended);
  CHECK(mended->changed);
  CHECK(site.exposed().canonical() == before.canonical());
}

TEST_CASE("the file of an earlier model of that name does not cut the new one") {
  Site site;
  site.juju({"expose", "lamp", "-m", "attic:" + site.model});
  REQUIRE(site.cut());
  REQUIRE(fs::exists(site.set.remembered));
  site.control({"remove", "thumbs-r5f0c1e9a2b"});
  site.model = site.set.model = site.control({"model", "thumbs-r5f0c1e9a2b"});
  site.application("thumbs-r5f0c1e9a2b", "lamp");
  CHECK(remembered_cut(site.set, Deadline(k_time))->empty());
  CHECK_FALSE(read_world(site.set, Deadline(k_time))->cut);
  CHECK_FALSE(site.mend()->changed);
  CHECK(site.exposed().members().empty());
}

TEST_CASE("a file that cannot be read is no answer where the tag is missing") {
  Site site;
  fs::create_directories(site.set.remembered.parent_path());
  REQUIRE(write_file_atomically(site.set.remembered, "{", 0600));
  CHECK(remembered_cut(site.set, Deadline(k_time)).error().exit == ExitCode::unknown);
}

TEST_CASE("after a mend elsewhere, this machine's file is not believed") {
  Site site;
  site.juju({"expose", "lamp", "-m", "attic:" + site.model});
  REQUIRE(site.cut());
  auto elsewhere = site.set;
  elsewhere.remembered = site.folder() / "elsewhere/sets/thumbs/cut";
  REQUIRE(mend_world(elsewhere, Deadline(k_time)));
  site.juju({"unexpose", "lamp", "-m", "attic:" + site.model});
  const auto mended = site.mend();
  REQUIRE(mended);
  CHECK_FALSE(mended->changed);
  CHECK(site.exposed().members().empty());
}

TEST_CASE("on Kubernetes the scale is taken away and comes back, where that is asked for") {
  Site site("3.6", "caas");
  site.set.settings.cut = {CutMeans::scale};
  site.juju({"scale-application", "lamp", "3", "-m", "attic:" + site.model});
  const auto cut = site.cut();
  INFO(shown(cut));
  REQUIRE(cut);
  CHECK(cut->details.dump() == R"({"scaled":1})");
  CHECK(site.shown()["models"][site.model]["applications"]["lamp"]["units"].members().empty());
  CHECK_FALSE(site.cut()->changed);
  const auto mended = site.mend();
  INFO(shown(mended));
  REQUIRE(mended);
  CHECK(site.shown()["models"][site.model]["applications"]["lamp"]["units"].members().size() == 3);
}

TEST_CASE("scale on machines is a mistake of the configuration, said before anything is cut") {
  Site site;
  site.consume();
  site.set.settings.cut = {CutMeans::relations, CutMeans::scale};
  const auto cut = site.cut();
  REQUIRE_FALSE(cut);
  CHECK(cut.error().exit == ExitCode::config);
  CHECK(site.state() == "joined");
}

TEST_CASE("a set that nothing joins to the world has nothing to cut here") {
  Site site;
  const auto cut = site.cut();
  REQUIRE(cut);
  CHECK_FALSE(cut->changed);
  CHECK(cut->details.dump() == R"({"nothing":true})");
  CHECK_FALSE(read_world(site.set, Deadline(k_time))->cut);
}

// ---------------------------------------------------------------- what cannot be known

TEST_CASE("offers that say nothing of connections are no cut") {
  Site site("4.0");
  site.consume();
  site.control({"set", "no_connections", "true"});
  const auto cut = site.cut();
  REQUIRE_FALSE(cut);
  INFO(cut.error().what);
  CHECK(cut.error().exit == ExitCode::unknown);
  CHECK(cut.error().what.contains("4.0.11"));
  CHECK_FALSE(read_world(site.set, Deadline(k_time)));
}

TEST_CASE("without a right on the offering side it says what to grant") {
  Site site;
  site.consume();
  SECTION("the model is not shown") {
    site.control({"hide", "queues", "on"});
    site.control({"deny", "queues", "on"});
  }
  SECTION("nothing may be done there") { site.control({"deny", "queues", "on"}); }
  const auto cut = site.cut();
  REQUIRE_FALSE(cut);
  INFO(cut.error().what);
  CHECK(cut.error().exit == ExitCode::unknown);
  site.control({"deny", "queues", "off"});
  CHECK(site.state() == "joined");
}

TEST_CASE("without admin where it is offered nothing is cut, and it says what to grant") {
  Site site;
  site.consume();
  site.control({"access", "queues", "write"});
  SECTION("an administrator of the controller passes") { CHECK(site.cut()); }
  SECTION("others are refused") {
    site.control({"set", "superuser", "false"});
    const auto cut = site.cut();
    REQUIRE_FALSE(cut);
    INFO(cut.error().what);
    CHECK(cut.error().exit == ExitCode::refused);
    CHECK(cut.error().what.contains("juju grant USER admin admin/queues"));
    CHECK(site.state() == "joined");
    CHECK_FALSE(site.tags().contains("cdctl-cut"));
    CHECK(read_world(site.set, Deadline(k_time)).error().exit == ExitCode::unknown);
  }
}

TEST_CASE("what may be cut is cut, and what may not is named until it may") {
  Site site;
  site.consume();
  site.juju({"expose", "lamp", "-m", "attic:" + site.model});
  site.control({"access", "queues", "read"});
  site.control({"set", "superuser", "false"});
  for (int again = 0; again < 2; ++again) {
    const auto cut = site.cut();
    REQUIRE_FALSE(cut);
    INFO(cut.error().what);
    CHECK(cut.error().exit == ExitCode::failed);
    CHECK(cut.error().what.contains("juju grant USER admin admin/queues"));
    CHECK(site.exposed().members().empty());
    CHECK(site.state() == "joined");
  }
  site.control({"access", "queues", "admin"});
  REQUIRE(site.cut());
  CHECK(site.state() == "suspended");
  site.control({"access", "queues", "read"});
  CHECK(site.mend().error().exit == ExitCode::refused);
  site.control({"access", "queues", "admin"});
  REQUIRE(site.mend());
  CHECK(site.state() == "joined");
  CHECK(site.exposed().members().size() == 1);
}

TEST_CASE("no trouble of juju makes a cut that is none") {
  const auto* trouble = GENERATE("offers=empty-object", "status=empty-object", "offers=half-json",
                                 "models=dropped-model", "status=logged-out", "model-config=dead");
  INFO(trouble);
  Site site;
  site.consume();
  site.control({"trouble", trouble});
  const auto cut = site.cut();
  REQUIRE_FALSE(cut);
  INFO(cut.error().what);
  CHECK(cut.error().exit == ExitCode::unknown);
  site.control({"trouble"});
  CHECK(site.state() == "joined");
}

TEST_CASE("a connection that is lost in the middle of a change does not matter") {
  const auto* trouble = GENERATE("suspend-relation=shutdown*1", "suspend-relation=shutdown@after*1",
                                 "unexpose=signal@after*1", "unexpose=signal*1",
                                 "model-config=shutdown@after*1", "suspend-relation=lock*2");
  INFO(trouble);
  Site site;
  site.consume();
  site.juju({"expose", "lamp", "-m", "attic:" + site.model});
  site.control({"trouble", trouble});
  const auto cut = site.cut();
  INFO(shown(cut));
  REQUIRE(cut);
  CHECK(cut->changed);
  CHECK(site.state() == "suspended");
  CHECK(site.exposed().members().empty());
}

TEST_CASE("what does not become suspended in time is not called cut") {
  Site site;
  site.consume();
  site.control({"set", "settle", "600"});
  const auto begun = std::chrono::steady_clock::now();
  const auto cut = cut_world(site.set, "why", Deadline(std::chrono::seconds(12)));
  CHECK(std::chrono::steady_clock::now() - begun < std::chrono::seconds(30));
  REQUIRE_FALSE(cut);
  CHECK(cut.error().exit == ExitCode::timeout);
  CHECK(cut.error().what.contains("suspending"));
}

TEST_CASE("a cut that hangs ends at its deadline") {
  Site site;
  site.consume();
  site.control({"trouble", "suspend-relation=hang"});
  const auto begun = std::chrono::steady_clock::now();
  const auto cut = cut_world(site.set, "why", Deadline(std::chrono::seconds(5)));
  CHECK(std::chrono::steady_clock::now() - begun < std::chrono::seconds(20));
  REQUIRE_FALSE(cut);
}

// ---------------------------------------------------------------- killed at any point

TEST_CASE(
    "a cut that is killed anywhere is done by the next one, and a mend still knows everything") {
  const auto [point, again] =
      GENERATE(std::pair{"juju.cut.noted", true}, std::pair{"juju.cut.remembered", true},
               std::pair{"juju.cut.suspended", true}, std::pair{"juju.cut.suspended", false},
               std::pair{"juju.cut.unexposed", true});
  INFO(point);
  Site site;
  site.consume();
  site.juju({"expose", "lamp", "-m", "attic:" + site.model, "--to-cidrs", "10.0.0.0/8"});
  const auto before = site.exposed();
  REQUIRE(test::killed_at(point, [&] { (void)site.cut(); }));
  if (again) {
    REQUIRE(site.cut());
    CHECK(site.state() == "suspended");
    CHECK(site.exposed().members().empty());
  }
  REQUIRE(site.mend());
  CHECK(site.state() == "joined");
  CHECK(site.exposed().canonical() == before.canonical());
}

TEST_CASE("a mend that is killed anywhere is done by the next one") {
  const std::string point =
      GENERATE(as<std::string>(), "juju.mend.resumed", "juju.mend.exposed", "juju.mend.forgotten");
  INFO(point);
  Site site;
  site.consume();
  site.juju({"expose", "lamp", "-m", "attic:" + site.model, "--to-cidrs", "10.0.0.0/8"});
  const auto before = site.exposed();
  REQUIRE(site.cut());
  REQUIRE(test::killed_at(point, [&] { (void)site.mend(); }));
  REQUIRE(site.mend());
  CHECK(site.state() == "joined");
  CHECK(site.exposed().canonical() == before.canonical());
  CHECK_FALSE(fs::exists(site.set.remembered));
}

TEST_CASE("a relation that was removed is not forgotten by a kill") {
  const std::string point = GENERATE(as<std::string>(), "juju.cut.removed", "juju.mend.related");
  INFO(point);
  Site site;
  site.control({"application", "thumbs-r5f0c1e9a2b", "rabbit", "--charm", "rabbitmq-server"});
  site.juju({"relate", "lamp:amqp", "rabbit:amqp", "-m", "attic:" + site.model});
  site.set.set = "lamp";
  site.set.settings.isolation = Isolation::application;
  const bool cutting = point == "juju.cut.removed";
  if (!cutting) REQUIRE(site.cut());
  REQUIRE(test::killed_at(point, [&] { (void)(cutting ? site.cut() : site.mend()); }));
  REQUIRE(site.mend());
  CHECK(relations_of(parsed(site.juju({"status", "-m", "attic:" + site.model, "--format", "json"})),
                     "lamp")
            .value()
            .size() == 1);
}

// ---------------------------------------------------------------- an application of a shared model

TEST_CASE("in a shared model a cut removes the set's relations and remembers them") {
  const auto version = GENERATE("2.9", "4.0");
  INFO(version);
  Site site(version);
  site.control({"application", "thumbs-r5f0c1e9a2b", "rabbit", "--charm", "rabbitmq-server"});
  const std::string name = "thumbs-r77aa01c9d0";
  site.application("thumbs-r5f0c1e9a2b", name);
  for (const auto& one : {name, std::string("lamp")})
    site.juju({"relate", one + ":amqp", "rabbit:amqp", "-m", "attic:" + site.model});
  site.set.set = name;
  site.set.settings.isolation = Isolation::application;
  const auto related = [&](const std::string& one) {
    const auto status =
        parsed(site.juju({"status", "-m", "attic:" + site.model, "--format", "json"}));
    return relations_of(status, one).value().size();
  };
  REQUIRE(related(name) == 1);
  const auto cut = site.cut();
  INFO(shown(cut));
  REQUIRE(cut);
  CHECK(cut->details.dump() == R"({"removed":1})");
  CHECK(related(name) == 0);
  CHECK(related("lamp") == 1);
  CHECK(site.tags().contains("cdctl-cut-" + name));
  CHECK(read_world(site.set, Deadline(k_time))->cut);
  const auto again = site.cut();
  CHECK_FALSE(again->changed);
  CHECK_FALSE(again->details["nothing"].as_bool());

  SECTION("and a mend relates them again") {
    REQUIRE(site.mend()->changed);
    CHECK(related(name) == 1);
    CHECK_FALSE(site.mend()->changed);
  }
  SECTION("unless the other end is gone") {
    site.control({"set", "destroy", "0"});
    site.juju({"remove-application", "rabbit", "-m", "attic:" + site.model, "--no-prompt"});
    site.juju({"status", "-m", "attic:" + site.model});
    while (parsed(site.juju(
        {"status", "-m", "attic:" + site.model, "--format", "json"}))["applications"]
               .find("rabbit")) {
    }
    const auto mended = site.mend();
    INFO(shown(mended));
    REQUIRE(mended);
    CHECK(mended->details["lost"].items().size() == 1);
  }
}
