#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <fstream>
#include <thread>

#include <catch2/catch.hpp>

#include <cdctl/fs.hpp>
#include <cdctl/set_name.hpp>

#include "plugins/juju/client/call.hpp"
#include "plugins/juju/client/private_data.hpp"
#include "plugins/juju/client/settings.hpp"
#include "plugins/juju/model/models.hpp"
#include "plugins/juju/sets/metadata.hpp"
#include "plugins/juju/sets/tags.hpp"
#include "tests/support/test_host.hpp"

using namespace cdctl;
using namespace cdctl::juju;
namespace fs = std::filesystem;

namespace {

void write(const fs::path& path, const std::string& text) { std::ofstream(path) << text; }

/// A juju that is the given shell script, alone in PATH with the system's own programs.
class Scripted {
 public:
  explicit Scripted(const std::string& script) {
    fs::create_directories(folder() / "bin");
    fs::create_directories(folder() / "data/cookies");
    fs::create_directories(folder() / "private");
    write(folder() / "data/controllers.yaml", "controllers: {}\n");
    write(folder() / "data/credentials.yaml", "the-cloud-key");
    write(folder() / "bin/juju", "#!/bin/sh\necho \"$*\" >> " + (folder() / "calls").string() +
                                     "\nls $JUJU_DATA >> " + (folder() / "files").string() +
                                     "\ncd " + folder().string() + "\n" + script);
    fs::permissions(folder() / "bin/juju", fs::perms::owner_all);
    static const std::string path = std::getenv("PATH");
    ::setenv("PATH", ((folder() / "bin").string() + ":" + path).c_str(), 1);
    access.data = folder() / "data";
    access.private_parent = folder() / "private";
  }
  [[nodiscard]] const fs::path& folder() const { return dir_.path(); }
  [[nodiscard]] std::vector<std::string> lines(const char* file) const {
    std::ifstream in(folder() / file);
    std::vector<std::string> out;
    for (std::string line; std::getline(in, line);) out.push_back(line);
    return out;
  }
  Access access;

 private:
  test::TempDir dir_;
};

const std::string k_model = "attic:12345678-0000-4000-8000-000000000001";

}  // namespace

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

TEST_CASE("names of applications are Juju's") {
  for (const auto* good : {"thumbs", "thumbs-r5f0c1e9a2b", "a1-b2"})
    CHECK(valid_application_name(good));
  for (const auto* bad : {"", "1a", "thumbs-41", "thumbs-", "-a", "a--b", "A", "a/0", "a b"})
    CHECK_FALSE(valid_application_name(bad));
}

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

Result<Tags> set_tag(const Scripted& juju, const std::string& key, const std::string& value) {
  const auto edit = [&](Tags& tags) -> Result<> {
    tags[key] = value;
    return {};
  };
  return change_tags(juju.access, {k_model, juju.folder() / "tags.lock"}, edit, "marking");
}

}  // namespace

TEST_CASE("tags are read, changed, written and read back") {
  const Scripted juju(config_script("echo \"$new\" > tags"));
  write(juju.folder() / "tags", "team=blue");
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
  const Scripted juju(
      config_script("if [ -e second ]; then echo \"$new\" > tags; else touch second; echo "
                    "cdctl-cut=x > tags; fi"));
  const auto there = set_tag(juju, "cdctl-state", "live");
  REQUIRE(there);
  CHECK(*there == Tags{{"cdctl-cut", "x"}, {"cdctl-state", "live"}});
}

TEST_CASE("tags that Juju does not keep are an error") {
  const Scripted juju(config_script("true"));
  const auto there = set_tag(juju, "cdctl-state", "live");
  REQUIRE_FALSE(there);
  CHECK(there.error().exit == ExitCode::unknown);
}

TEST_CASE("tags that were written before the connection was lost are written") {
  const Scripted juju(
      config_script("echo \"$new\" > tags; echo 'ERROR connection is shut down' >&2; exit 1"));
  CHECK(set_tag(juju, "cdctl-set", "x"));
  CHECK(juju.lines("calls").size() == 3);
}

TEST_CASE("writers of one machine lose nothing of each other") {
  const Scripted juju(config_script("sleep 0.05; echo \"$new\" > tags.$$; mv tags.$$ tags"));
  write(juju.folder() / "tags", "");
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

TEST_CASE("a command that changes something is sent once") {
  const auto err = GENERATE("connection is shut down", "unable to connect to API: dial tcp",
                            "permission denied (unauthorized access)", "the moon is full",
                            "model \"x\" for ann already exists (already exists)");
  INFO(err);
  const Scripted juju(std::string("echo 'ERROR ") + err + "' >&2; exit 1\n");
  const auto acted = juju_act(juju.access, {"add-model", "x"}, "adding x");
  REQUIRE_FALSE(acted);
  CHECK(juju.lines("calls").size() == 1);
  CHECK(acted.error().error.exit == (std::string_view(err).contains("moon") ? ExitCode::failed
                                     : std::string_view(err).contains("exists")
                                         ? ExitCode::refused
                                         : ExitCode::unknown));
}

TEST_CASE("juju's own locks are tried again") {
  const Scripted juju(
      "if [ -e second ]; then exit 0; fi; touch second; echo 'ERROR cannot acquire lock file to "
      "read: timeout acquiring mutex' >&2; exit 1\n");
  CHECK(juju_act(juju.access, {"add-model", "x"}, "adding x"));
  CHECK(juju.lines("calls").size() == 2);
}

TEST_CASE("cloud credentials are there for who asks, and nothing stays") {
  const Scripted juju("exit 0\n");
  CHECK(juju_act(juju.access, {"destroy-model", "x"}, "destroying x"));
  CHECK(std::ranges::count(juju.lines("files"), "credentials.yaml") == 0);
  CHECK(juju_act(juju.access, {"add-model", "x"}, "adding x",
                 {.credentials = true, .deadline = {}, .directory = {}}));
  CHECK(std::ranges::count(juju.lines("files"), "credentials.yaml") == 1);
  CHECK(fs::is_empty(juju.folder() / "private"));
}

TEST_CASE("an action ends at its deadline and nobody knows what it did") {
  const Scripted juju("exec sleep 60\n");
  const auto begun = std::chrono::steady_clock::now();
  const auto acted =
      juju_act(juju.access, {"add-model", "x"}, "adding x",
               {.credentials = false, .deadline = Deadline(Millis(500)), .directory = {}});
  CHECK(std::chrono::steady_clock::now() - begun < std::chrono::seconds(10));
  REQUIRE_FALSE(acted);
  CHECK(acted.error().kind == FailureKind::unreachable);
  CHECK(acted.error().error.exit == ExitCode::unknown);
}

TEST_CASE("a folder for files is private, and goes") {
  const test::TempDir dir;
  fs::path path;
  {
    const auto folder = PrivateFolder::make(dir.path());
    REQUIRE(folder);
    const auto file = folder->write("overlay.yaml", "secret");
    REQUIRE(file);
    path = *file;
    CHECK(fs::status(path).permissions() == (fs::perms::owner_read | fs::perms::owner_write));
    CHECK(fs::status(path.parent_path()).permissions() == fs::perms::owner_all);
    CHECK(read_file(path).value() == "secret");
  }
  CHECK_FALSE(fs::exists(path.parent_path()));
}
