#include <atomic>
#include <thread>

#include <catch2/catch.hpp>

#include <cdctl/set_name.hpp>

#include "plugins/juju/sets/metadata.hpp"
#include "plugins/juju/sets/tags.hpp"
#include "tests/support/juju_script.hpp"

using namespace cdctl;
using namespace cdctl::juju;
using namespace cdctl::test;

namespace {

const std::string k_model = "attic:12345678-0000-4000-8000-000000000001";

}  // namespace

TEST_CASE("tags survive the way to Juju and back") {
  const Tags tags{{"cdctl-cut", R"({"relations":[1, 2],"µ":"%41"})"},
                  {"cdctl-empty", ""},
                  {"owner", "team=a%20b"}};
  const auto text = tags_text(tags);
  REQUIRE(text);
  CHECK(text->find_first_of("{\",") == std::string::npos);
  CHECK(tags_from_text(*text) == tags);
  CHECK(parse_tags(Json::object(
                       {{"resource-tags", Json::object({{"Value", *text}, {"Source", "model"}})}}))
            .value() == tags);
  Json object = Json::object();
  object.set("cdctl-set", "a%20b").set("owner", "team=a%20b");
  CHECK(parse_tags(Json::object({{"resource-tags", Json::object({{"Value", object}})}})).value() ==
        Tags{{"cdctl-set", "a b"}, {"owner", "team=a%20b"}});
  CHECK(parse_tags(Json::object({{"resource-tags", Json::object({{"Value", Json()}})}}))
            .value()
            .empty());
}

TEST_CASE("what is no answer about tags is none") {
  for (const auto* text :
       {"{}", R"({"resource-tags":{}})", R"({"resource-tags":{"Value":3}})", "[]", "null"})
    CHECK_FALSE(parse_tags(Json::parse(text).value()));
  CHECK_FALSE(tags_text({{"owner", "a b"}}));
  CHECK_FALSE(tags_text({{"a b", "c"}}));
  CHECK_FALSE(tags_text({{"@/etc/passwd", "x"}}));
  CHECK_FALSE(tags_text({{"cdctl-cut", std::string(200'000, 'x')}}));
}

namespace {

/// A model-config whose tags are in the file `tags`; `write` is what becomes of new ones, which are
/// in $new.
std::string config_script(const std::string& write) {
  return "case \"$*\" in *=*) new=$(echo \"$5\" | cut -d= -f2-); " + write +
         ";; *) echo \"{\\\"resource-tags\\\":{\\\"Value\\\":\\\"$(cat tags 2>/dev/null)\\\"}}\";; "
         "esac\n";
}

Result<Tags> set_tag(const ScriptedJuju& juju, const std::string& key, const std::string& value) {
  const auto edit = [&](Tags& tags) -> Result<> {
    tags[key] = value;
    return {};
  };
  return change_tags(juju.access, {k_model, juju.folder() / "tags.lock"}, edit, "marking");
}

}  // namespace

TEST_CASE("tags are read, changed, written and read back") {
  const ScriptedJuju juju(config_script("echo \"$new\" > tags"));
  write_text(juju.folder() / "tags", "team=blue");
  const auto there = set_tag(juju, "cdctl-set", "thumbs-r5f0c1e9a2b");
  REQUIRE(there);
  CHECK(*there == Tags{{"cdctl-set", "thumbs-r5f0c1e9a2b"}, {"team", "blue"}});
  CHECK(juju.lines("calls").at(1) ==
        "--no-alias model-config -m " + k_model +
            " resource-tags=cdctl-set=thumbs-r5f0c1e9a2b team=blue -B");
  CHECK(set_tag(juju, "team", "blue"));
  CHECK(juju.lines("calls").size() == 4);  // nothing to be written: one look
}

TEST_CASE("what another machine wrote over is written again, what it wrote stays") {
  const ScriptedJuju juju(
      config_script("if [ -e second ]; then echo \"$new\" > tags; else touch second; echo "
                    "cdctl-cut=x > tags; fi"));
  const auto there = set_tag(juju, "cdctl-state", "live");
  REQUIRE(there);
  CHECK(*there == Tags{{"cdctl-cut", "x"}, {"cdctl-state", "live"}});
}

TEST_CASE("tags that Juju does not keep are an error") {
  const ScriptedJuju juju(config_script("true"));
  const auto there = set_tag(juju, "cdctl-state", "live");
  REQUIRE_FALSE(there);
  CHECK(there.error().exit == ExitCode::unknown);
}

TEST_CASE("tags that were written before the connection was lost are written") {
  const ScriptedJuju juju(
      config_script("echo \"$new\" > tags; echo 'ERROR connection is shut down' >&2; exit 1"));
  CHECK(set_tag(juju, "cdctl-set", "x"));
  CHECK(juju.lines("calls").size() == 3);
}

TEST_CASE("writers of one machine lose nothing of each other") {
  const ScriptedJuju juju(config_script("sleep 0.05; echo \"$new\" > tags.$$; mv tags.$$ tags"));
  write_text(juju.folder() / "tags", "");
  std::vector<std::jthread> writers;
  std::atomic<int> done = 0;
  for (int i = 0; i < 5; ++i)
    writers.emplace_back(
        [&, i] { done += set_tag(juju, "cdctl-cut-" + std::to_string(i), "x").has_value(); });
  writers.clear();
  CHECK(done == 5);
  CHECK(tags_from_text(juju.lines("tags").at(0)).size() == 5);
}

TEST_CASE("work on a set of a shared model goes through its tag") {
  const SetName set{"thumbs", "r5f0c1e9a2b"};
  Metadata work;
  work.set = set.str();
  work.state = "deploying";
  work.deployed_at = parse_rfc3339("2026-11-23T04:11:30.120Z");
  work.until = parse_rfc3339("2026-11-23T05:00:00.000Z");
  work.machine = "0123456789abcdef";
  work.claim = "fedcba9876543210";
  work.by = "ann+ops@build";
  const auto tags = with_work({{"team", "blue"}}, set, work);
  CHECK(tags.size() == 2);
  const auto again = work_of(tags_from_text(tags_text(tags).value()), set);
  CHECK(with_work({}, set, again) == with_work({}, set, work));
  CHECK(again.by == work.by);
  CHECK(again.until == work.until);
  CHECK(sets_at_work(tags) == std::vector{set});
  work.state = "live";
  CHECK(with_work(tags, set, work) == Tags{{"team", "blue"}});
  CHECK(work_of({}, set).state.empty());
  for (const auto* text : {"", "+", "deploying", "++++++++", "reaping+nonsense"})
    CHECK_FALSE(work_of({{"cdctl-work-" + set.str(), text}}, set).until);
}
