#include <algorithm>

#include <catch2/catch.hpp>

#include <fmt/format.h>

#include <cdctl/fs.hpp>

#include "plugins/juju/client/call.hpp"
#include "plugins/juju/deploy/handover.hpp"
#include "plugins/juju/deploy/handover_steps.hpp"
#include "plugins/juju/deploy/handover_words.hpp"
#include "plugins/juju/model/relations.hpp"
#include "plugins/juju/world/world.hpp"
#include "tests/support/juju_world.hpp"

using namespace cdctl;
using namespace cdctl::juju;
namespace fs = std::filesystem;

namespace {

constexpr Millis k_time = std::chrono::seconds(60);
const std::string k_set = "thumbs-r5f0c1e9a2b", k_password = "0123456789abcdef0123456789abcdef";
const std::string k_url = "amqp://thumbs-r5f0c1e9a2b:" + k_password + "@rabbit.example:5672/%2F";

Json parsed(const std::string& text) { return Json::parse(text).value(); }

Json bundle() {
  return parsed(R"({"saas":{"rabbit":{"url":"admin/queues.rabbit"}},
    "applications":{"lamp":{"charm":"lamp","channel":"latest/edge","num_units":2,"options":{"shade":"@/etc/passwd"}},"nrpe":{"charm":"nrpe"}},
    "relations":[["lamp:amqp","rabbit:amqp"],["lamp","nrpe:general-info"]]})");
}

class Site : public test::JujuWorld {
 public:
  explicit Site(const std::string& version = "3.6") : JujuWorld(version) {
    broker = control({"broker"});
    model = control({"model", k_set});
    fs::create_directories(folder() / "hand");
    given.access = access;
    given.model = model;
    given.set = k_set;
    given.bundle = bundle();
    given.env = {{"AMQP_URL", k_url}, {"CDCTL_SET", k_set}};
    given.folder = folder() / "hand";
    given.remembered = folder() / "home/sets/x/cut";
    given.settings.amqp_application = "lamp";
    given.settings.amqp_option = "amqp-url";
  }
  Result<> hand(Millis time = k_time) { return hand_over(given, Deadline(time)); }
  [[nodiscard]] Json there() { return shown()["models"][model]["applications"]; }
  [[nodiscard]] Json relations(const std::string& application) {
    auto out = Json::array();
    const auto status = parsed(juju({"status", "-m", "attic:" + model, "--format", "json"}));
    const auto found = relations_of(status, application).value();
    for (const auto& [ours, theirs] : found) out.push_back(ours + " " + theirs);
    return out;
  }
  /// Nothing secret in what juju was called with.
  void check_words() {
    for (const auto& argv : calls()) {
      CHECK_FALSE(argv.dump().contains(k_password));
      CHECK_FALSE(argv.dump().contains("/etc/passwd"));
    }
  }
  void share() {
    given.set = "thumbs-r77aa01c9d0";
    given.settings.isolation = Isolation::application;
    given.settings.application = "lamp";
    juju({"consume", "admin/queues.rabbit", "-m", "attic:" + model});
    control({"application", k_set, "nrpe", "--charm", "nrpe", "--units", "0"});
    (void)calls();
  }
  std::string broker, model;
  Handover given;
};

}  // namespace

// ---------------------------------------------------------------- the pure parts

TEST_CASE("versions of clients are read and compared") {
  CHECK(parse_client_version("3.6.11") == ClientVersion{3, 6});
  CHECK(parse_client_version("2.9.51") < ClientVersion{3, 1});
  CHECK(parse_client_version("4.0-beta2") == ClientVersion{4, 0});
  CHECK(parse_client_version("of an unknown version") == ClientVersion{});
}

TEST_CASE("what a bundle says of an application becomes words of juju deploy") {
  const auto application = parsed(
      R"({"charm":"ch:thumbs","channel":"1/stable","revision":7,"constraints":{"mem":"4G","cores":2},"num_units":3,"base":"ubuntu@22.04",
    "resources":{"model":5,"image":"reg.example/img:1"},"storage":{"data":"ebs,10G"},"bindings":{"":"alpha","web":"dmz"},"trust":true,"to":["0"]})");
  const auto words = deploy_words("thumbs-r5f0c1e9a2b", application, Json::object(), {3, 6});
  REQUIRE(words);
  CHECK(*words == std::vector<std::string>{"deploy",
                                           "ch:thumbs",
                                           "thumbs-r5f0c1e9a2b",
                                           "--channel",
                                           "1/stable",
                                           "--revision",
                                           "7",
                                           "--constraints",
                                           "mem=4G cores=2",
                                           "-n",
                                           "3",
                                           "--base",
                                           "ubuntu@22.04",
                                           "--resource",
                                           "model=5",
                                           "--resource",
                                           "image=reg.example/img:1",
                                           "--storage",
                                           "data=ebs,10G",
                                           "--bind",
                                           "alpha web=dmz",
                                           "--trust"});
}

TEST_CASE("base and series go as the client takes them") {
  struct Row {
    const char* application;
    const char* bundle;
    ClientVersion client;
    std::vector<std::string> words;
  };
  const std::vector<Row> rows{
      {R"({"base":"ubuntu@22.04"})", "{}", {2, 9}, {"--series", "jammy"}},
      {R"({"base":"ubuntu@24.04/stable"})", "{}", {3, 0}, {"--series", "noble"}},
      {R"({"series":"focal"})", "{}", {2, 9}, {"--series", "focal"}},
      {R"({"series":"focal"})", "{}", {3, 6}, {"--series", "focal"}},
      {R"({"series":"focal"})", "{}", {4, 0}, {"--base", "ubuntu@20.04"}},
      {"{}", R"({"series":"jammy"})", {4, 1}, {"--base", "ubuntu@22.04"}},
      {"{}", R"({"default-base":"ubuntu@22.04"})", {3, 6}, {"--base", "ubuntu@22.04"}},
      {"{}", "{}", {3, 6}, {}},
  };
  for (const auto& row : rows) {
    INFO(row.application << row.bundle << row.client.major);
    auto application = parsed(row.application);
    application.set("charm", "lamp");
    const auto words = deploy_words("lamp", application, parsed(row.bundle), row.client);
    REQUIRE(words);
    CHECK(std::vector<std::string>(words->begin() + 3, words->end()) == row.words);
  }
}

TEST_CASE("what could be an option or another file is no word") {
  for (const auto* bad :
       {R"({"charm":"--overlay=/etc/passwd"})", R"({"charm":""})",
        R"({"charm":"lamp","channel":"--force"})", R"({"charm":"lamp","base":"ubuntu 22"})",
        R"({"charm":"lamp","revision":"x y"})", R"({"charm":"lamp","resources":{"--x":"1"}})",
        R"({"charm":"lamp","resources":{"a":"-b"}})",
        R"({"charm":"lamp","constraints":"mem=1G;rm"})", R"({"charm":"lamp\nx"})"}) {
    INFO(bad);
    const auto words = deploy_words("lamp", parsed(bad), Json::object(), {3, 6});
    REQUIRE_FALSE(words);
    CHECK(words.error().exit == ExitCode::config);
  }
  CHECK_FALSE(deploy_words("lamp", parsed(R"({"charm":"lamp","base":"centos@9"})"), Json::object(),
                           {2, 9}));
  CHECK_FALSE(
      deploy_words("lamp", parsed(R"({"charm":"lamp","series":"warty"})"), Json::object(), {4, 0}));
}

TEST_CASE("the relations that an application takes part in") {
  const auto wanted = wanted_relations(
      parsed(
          R"({"relations":[["lamp:amqp","rabbit"],["nrpe:x","lamp"],["nrpe","pg"],["lamp:a","lamp:b"]]})"),
      "lamp");
  REQUIRE(wanted);
  REQUIRE(wanted->size() == 2);
  CHECK((*wanted)[0].endpoint == "amqp");
  CHECK((*wanted)[0].other == "rabbit");
  CHECK((*wanted)[1].endpoint.empty());
  CHECK((*wanted)[1].other == "nrpe:x");
  CHECK((*wanted)[1].other_application() == "nrpe");
  CHECK_FALSE(wanted_relations(parsed(R"({"relations":[["lamp","--force"]]})"), "lamp"));
  CHECK_FALSE(wanted_relations(parsed(R"({"relations":[["lamp"]]})"), "lamp"));
}

TEST_CASE("who gets AMQP_URL is clear or it is a mistake of the configuration") {
  Handover given;
  given.set = k_set;
  given.bundle = bundle();
  CHECK_FALSE(amqp_target(given, {})->has_value());
  given.env = {{"AMQP_URL", k_url}};
  const auto refused = [&](const std::vector<std::string>& others) {
    const auto target = amqp_target(given, others);
    REQUIRE_FALSE(target);
    CHECK(target.error().exit == ExitCode::config);
    CHECK(target.error().what.contains("[juju] amqp"));
    CHECK_FALSE(target.error().what.contains(k_password));
  };
  refused({});
  given.settings.amqp_option = "amqp-url";
  refused({});  // two applications
  given.settings.amqp_application = "lamb";
  refused({});
  CHECK(amqp_target(given, {"lamb"}).value()->application == "lamb");  // of an earlier phase
  given.settings.amqp_application.clear();
  given.bundle.find("applications")->erase("nrpe");
  CHECK(amqp_target(given, {}).value()->application == "lamp");
  refused({"nrpe"});
  given.env["AMQP_URL"] += "?name=%UNIT%";  // which nobody would fill in
  refused({});
}

TEST_CASE("secrets are hidden in errors, also where they are cut short") {
  Handover given;
  given.env = {{"AMQP_URL", k_url}};
  given.bundle = parsed(R"({"applications":{"lamp":{"options":{"token":"hunter2-hunter2"}}}})");
  const Veil veil(given);
  CHECK(veil.over("got \"" + k_url + "\"!") == "got \"***\"!");
  CHECK(veil.over("password " + k_password + ".") == "password ***.");
  CHECK(veil.over("password " + k_password.substr(0, 11)) == "password ***");
  CHECK(veil.over("hunter2-hunter2 and hunter2-hunt") == "*** and ***");
  CHECK(veil.over("nothing here") == "nothing here");
}

// ---------------------------------------------------------------- a model of its own

TEST_CASE("a bundle is deployed, and its option takes AMQP_URL without any word of it") {
  const auto [as, version] =
      GENERATE(std::pair{AmqpAs::overlay, "2.9"}, std::pair{AmqpAs::option, "3.6"},
               std::pair{AmqpAs::overlay, "4.0"});
  INFO(static_cast<int>(as) << " " << version);
  Site site(version);
  site.given.settings.amqp_as = as;
  const auto done = site.hand();
  INFO((done ? "" : done.error().what));
  REQUIRE(done);
  site.check_words();
  const auto lamp = site.there()["lamp"];
  CHECK(lamp["settings"]["amqp-url"].view() == k_url);
  CHECK(lamp["settings"]["shade"].view() == "@/etc/passwd");
  CHECK(lamp["units"].members().size() == 2);
  CHECK(site.relations("lamp").dump() == R"(["lamp:amqp rabbit:amqp"])");
  for (const auto& entry : fs::directory_iterator(site.given.folder))
    CHECK((fs::status(entry).permissions() & fs::perms::all) ==
          (fs::perms::owner_read | fs::perms::owner_write));

  const auto before = site.there().canonical();
  REQUIRE(site.hand());
  CHECK(site.there().canonical() == before);
}

TEST_CASE("AMQP_URL as a secret: made, granted, and the option names it, again is an update") {
  Site site;
  site.given.settings.amqp_as = AmqpAs::secret;
  REQUIRE(site.hand());
  site.check_words();
  auto secrets = site.shown()["models"][site.model]["secrets"];
  REQUIRE(secrets.members().size() == 1);
  const auto& [id, secret] = secrets.members()[0];
  CHECK(secret["content"]["amqp-url"].view() == k_url);
  CHECK(secret["grants"].dump() == R"(["lamp"])");
  CHECK(site.there()["lamp"]["settings"]["amqp-url"].view() == "secret:" + id);
  REQUIRE(site.hand());
  CHECK(site.shown()["models"][site.model]["secrets"].members().size() == 1);
}

TEST_CASE("a client that knows no secrets is told so") {
  Site site("2.9");
  site.given.settings.amqp_as = AmqpAs::secret;
  const auto done = site.hand();
  REQUIRE_FALSE(done);
  CHECK(done.error().exit == ExitCode::config);
  CHECK(done.error().what.contains("amqp_as"));
  CHECK(site.there().members().empty());
}

TEST_CASE("a mistake is said before anything is deployed") {
  Site site;
  SECTION("no option takes AMQP_URL") { site.given.settings.amqp_option.clear(); }
  SECTION("an option would be read from a file") {
    site.given.bundle.find("applications")
        ->find("lamp")
        ->set("options", parsed(R"({"shade":"include-file:///etc/passwd"})"));
  }
  SECTION("no name of an application") {
    site.given.bundle.find("applications")->set("lamp-41", parsed(R"({"charm":"lamp"})"));
  }
  const auto done = site.hand();
  REQUIRE_FALSE(done);
  CHECK(done.error().exit == ExitCode::config);
  CHECK(site.there().members().empty());
}

TEST_CASE("without AMQP_URL there is nothing to give") {
  Site site;
  site.given.env.erase("AMQP_URL");
  site.given.settings.amqp_option.clear();
  REQUIRE(site.hand());
  CHECK_FALSE(site.there()["lamp"]["settings"].find("amqp-url"));
}

TEST_CASE("what juju says of a value is not repeated") {
  Site site;
  site.control(
      {"charm", "lamp",
       R"({"provides":{},"requires":{"amqp":"rabbitmq"},"options":{"shade":{"type":"string"},"amqp-url":{"type":"int"}}})"});
  const auto done = site.hand();
  REQUIRE_FALSE(done);
  INFO(done.error().what);
  CHECK(done.error().exit == ExitCode::failed);
  CHECK(done.error().what.contains("amqp-url"));
  CHECK_FALSE(done.error().what.contains(k_password.substr(0, 8)));
}

TEST_CASE("a lost connection in the middle of a deploy does not matter") {
  const auto* trouble = GENERATE("deploy=shutdown*1", "deploy=shutdown@after*1",
                                 "deploy=signal@after*1", "deploy=lock*2");
  INFO(trouble);
  Site site;
  site.control({"trouble", trouble});
  const auto done = site.hand();
  INFO((done ? "" : done.error().what));
  REQUIRE(done);
  CHECK(site.there()["lamp"]["units"].members().size() == 2);
}

TEST_CASE("applications of an earlier try are waited for, not for ever") {
  Site site;
  site.control({"application", k_set, "lamp", "--charm", "lamp"});
  SECTION("until they are gone") {
    site.control({"set", "destroy", "1"});
    site.juju({"remove-application", "lamp", "-m", "attic:" + site.model, "--no-prompt"});
    const auto done = site.hand();
    INFO((done ? "" : done.error().what));
    REQUIRE(done);
    CHECK(site.there()["lamp"]["units"].members().size() == 2);
  }
  SECTION("and one that does not go is named") {
    site.control({"stuck", k_set + "/lamp", "ever"});
    site.juju({"remove-application", "lamp", "-m", "attic:" + site.model, "--no-prompt"});
    const auto done = site.hand(std::chrono::seconds(6));
    REQUIRE_FALSE(done);
    CHECK(done.error().exit != ExitCode::done);
    CHECK(site.there()["lamp"].find("going"));
  }
}

TEST_CASE("a set that is cut stays cut when it is deployed again") {
  Site site;
  site.given.bundle.find("applications")
      ->find("lamp")
      ->set("exposed-endpoints", parsed(R"({"":{"expose-to-cidrs":["10.0.0.0/8"]}})"));
  site.given.bundle.find("applications")->find("lamp")->set("expose", true);
  REQUIRE(site.hand());
  const WorldSet world{site.access, k_set, site.model, site.given.settings, site.given.remembered};
  REQUIRE(cut_world(world, "bad", Deadline(k_time))->changed);
  REQUIRE(site.hand());
  CHECK(read_world(world, Deadline(k_time))->cut);
  CHECK(site.there()["lamp"]["exposed"].is_null());
  REQUIRE(mend_world(world, Deadline(k_time))->changed);
  CHECK(site.there()["lamp"]["exposed"].canonical() ==
        R"({"":{"expose-to-cidrs":["10.0.0.0/8"]}})");
}

TEST_CASE("a deploy that is killed anywhere is done by the next one") {
  const std::string point =
      GENERATE(as<std::string>(), "juju.handover.written", "juju.handover.deployed",
               "juju.handover.secret", "juju.handover.granted", "juju.handover.amqp");
  INFO(point);
  Site site;
  site.given.settings.amqp_as = AmqpAs::secret;
  REQUIRE(test::killed_at(point, [&] { (void)site.hand(); }));
  const auto done = site.hand();
  INFO((done ? "" : done.error().what));
  REQUIRE(done);
  const auto model = site.shown()["models"][site.model];
  REQUIRE(model["secrets"].members().size() == 1);
  CHECK(model["secrets"].members()[0].second["grants"].dump() == R"(["lamp"])");
  CHECK(model["applications"]["lamp"]["settings"]["amqp-url"].view() ==
        "secret:" + model["secrets"].members()[0].first);
  CHECK(model["applications"]["lamp"]["units"].members().size() == 2);
}

// ---------------------------------------------------------------- an application of a shared model

TEST_CASE("one application of the bundle becomes the set, related to what is there") {
  const auto* version = GENERATE("2.9", "3.6", "4.0");
  INFO(version);
  Site site(version);
  site.share();
  const auto done = site.hand();
  INFO((done ? "" : done.error().what));
  REQUIRE(done);
  site.check_words();
  const auto there = site.there();
  CHECK_FALSE(there.find("lamp"));
  const auto& lamp = there["thumbs-r77aa01c9d0"];
  CHECK(lamp["settings"]["amqp-url"].view() == k_url);
  CHECK(lamp["settings"]["shade"].view() == "@/etc/passwd");
  CHECK(lamp["units"].members().size() == 2);
  CHECK(lamp["channel"].view() == "latest/edge");
  CHECK(site.relations("thumbs-r77aa01c9d0").dump() ==
        R"(["thumbs-r77aa01c9d0:amqp rabbit:amqp"])");
  CHECK(there["nrpe"]["subordinate_to"].dump() == R"(["thumbs-r77aa01c9d0"])");

  site.given.env["AMQP_URL"] = k_url + "x";
  REQUIRE(site.hand());
  CHECK(site.there()["thumbs-r77aa01c9d0"]["units"].members().size() == 2);
  CHECK(site.there()["thumbs-r77aa01c9d0"]["settings"]["amqp-url"].view() == k_url + "x");
}

TEST_CASE("a set in a shared model is refused where it cannot be, before it is made") {
  Site site;
  site.share();
  ExitCode exit = ExitCode::refused;
  SECTION("its relation leads nowhere") {
    site.given.bundle.find("relations")->push_back(parsed(R"(["lamp:website","proxy:backend"])"));
  }
  SECTION("another charm has the name") {
    site.control({"application", k_set, "thumbs-r77aa01c9d0", "--charm", "rabbitmq-server"});
  }
  SECTION("it is not said which application") {
    site.given.settings.application.clear();
    exit = ExitCode::config;
  }
  const auto done = site.hand();
  REQUIRE_FALSE(done);
  INFO(done.error().what);
  CHECK(done.error().exit == exit);
  const auto there = site.there();
  CHECK((!there.find("thumbs-r77aa01c9d0") ||
         there["thumbs-r77aa01c9d0"]["charm"].view() == "rabbitmq-server"));
}

TEST_CASE("a deploy into a shared model that is killed anywhere is done by the next one") {
  const std::string point = GENERATE(as<std::string>(), "juju.handover.written",
                                     "juju.handover.deployed", "juju.handover.related");
  INFO(point);
  Site site;
  site.share();
  REQUIRE(test::killed_at(point, [&] { (void)site.hand(); }));
  REQUIRE(site.hand());
  CHECK(site.there()["thumbs-r77aa01c9d0"]["units"].members().size() == 2);
  CHECK(site.relations("thumbs-r77aa01c9d0").items().size() == 1);
  CHECK(site.there()["nrpe"]["subordinate_to"].dump() == R"(["thumbs-r77aa01c9d0"])");
}

TEST_CASE("a lost answer to deploy in a shared model makes no second application") {
  const auto* trouble =
      GENERATE("deploy=shutdown@after*1", "deploy=shutdown*1", "relate=shutdown@after*1");
  INFO(trouble);
  Site site;
  site.share();
  site.control({"trouble", trouble});
  const auto done = site.hand();
  INFO((done ? "" : done.error().what));
  REQUIRE(done);
  CHECK(site.there()["thumbs-r77aa01c9d0"]["units"].members().size() == 2);
  CHECK(site.relations("thumbs-r77aa01c9d0").items().size() == 1);
}

TEST_CASE("an application that another deployer made a moment before takes our options") {
  Site site;
  site.share();
  site.given.begins = [&] {
    site.control({"application", k_set, site.given.set, "--charm", "lamp"});
  };  // after the look, before the deploy
  const auto done = site.hand();
  INFO((done ? "" : done.error().what));
  REQUIRE(done);
  const auto settings = site.there()[site.given.set]["settings"];
  CHECK(settings["amqp-url"].view() == k_url);
  CHECK(settings["shade"].view() == "@/etc/passwd");
  site.check_words();
}
