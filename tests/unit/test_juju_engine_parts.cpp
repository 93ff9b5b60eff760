#include <algorithm>
#include <cstdlib>
#include <fstream>

#include <catch2/catch.hpp>

#include <cdctl/fs.hpp>

#include "juju_act.hpp"
#include "private_data.hpp"
#include "settings.hpp"
#include "support/test_host.hpp"
#include "tags.hpp"

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
    write(folder() / "bin/juju", "#!/bin/sh\necho \"$*\" >> " + (folder() / "calls").string() + "\nls $JUJU_DATA >> " + (folder() / "files").string() + "\ncd " + folder().string() + "\n" + script);
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
  const auto settings = settings_of(Json::parse(R"({"isolation":"application","model":"attic:ann/shared","application":"worker","cloud":"shed/north","credential":"ann",
    "model_config":{"logging-config":"<root>=INFO","automatically-retry-hooks":false,"max-status-history-age":3},"amqp":"worker:amqp-url","amqp_as":"secret",
    "storage":"destroy","cut":["scale","scale"],"force_after":"1s","no_wait_after":"2s","give_up_after":"3s"})").value());
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
  for (const auto* good : {"thumbs", "thumbs-r5f0c1e9a2b", "a1-b2"}) CHECK(valid_application_name(good));
  for (const auto* bad : {"", "1a", "thumbs-41", "thumbs-", "-a", "a--b", "A", "a/0", "a b"}) CHECK_FALSE(valid_application_name(bad));
}

TEST_CASE("tags survive the way to Juju and back") {
  const Tags tags{{"cdctl-cut", R"({"relations":[1, 2],"µ":"%41"})"}, {"cdctl-empty", ""}, {"owner", "team=a%20b"}};
  const auto text = tags_text(tags);
  REQUIRE(text);
  CHECK(text->find_first_of("{\",") == std::string::npos);
  CHECK(tags_from_text(*text) == tags);
  CHECK(parse_tags(Json::object({{"resource-tags", Json::object({{"Value", *text}, {"Source", "model"}})}})).value() == tags);
  Json object = Json::object();
  object.set("cdctl-set", "a%20b").set("owner", "team=a%20b");
  CHECK(parse_tags(Json::object({{"resource-tags", Json::object({{"Value", object}})}})).value() == Tags{{"cdctl-set", "a b"}, {"owner", "team=a%20b"}});
  CHECK(parse_tags(Json::object({{"resource-tags", Json::object({{"Value", Json()}})}})).value().empty());
}

TEST_CASE("what is no answer about tags is none") {
  for (const auto* text : {"{}", R"({"resource-tags":{}})", R"({"resource-tags":{"Value":3}})", "[]", "null"}) CHECK_FALSE(parse_tags(Json::parse(text).value()));
  CHECK_FALSE(tags_text({{"owner", "a b"}}));
  CHECK_FALSE(tags_text({{"a b", "c"}}));
  CHECK_FALSE(tags_text({{"@/etc/passwd", "x"}}));
  CHECK_FALSE(tags_text({{"cdctl-cut", std::string(200'000, 'x')}}));
}

TEST_CASE("tags are read back after they were written") {
  const Tags tags{{"cdctl-set", "thumbs-r5f0c1e9a2b"}, {"team", "blue"}};
  const auto kept = GENERATE(true, false);
  const Scripted juju(std::string("case \"$*\" in *=*) ") + (kept ? "echo \"$5\" | cut -d= -f2- > tags" : "true") +
                      ";; *) echo \"{\\\"resource-tags\\\":{\\\"Value\\\":\\\"$(cat tags 2>/dev/null)\\\"}}\";; esac\n");
  const auto written = write_tags(juju.access, k_model, tags, "marking");
  CHECK(written.has_value() == kept);
  if (!kept) CHECK(written.error().error.exit == ExitCode::unknown);
  CHECK(juju.lines("calls").at(0) == "--no-alias model-config -m " + k_model + " resource-tags=cdctl-set=thumbs-r5f0c1e9a2b team=blue -B");
}

TEST_CASE("tags that were written before the connection was lost are written") {
  const Scripted juju(R"(case "$*" in
*=*) echo "$5" | cut -d= -f2- > tags; echo "ERROR connection is shut down" >&2; exit 1;;
*) echo "{\"resource-tags\":{\"Value\":\"$(cat tags)\"}}";; esac)");
  CHECK(write_tags(juju.access, k_model, {{"cdctl-set", "x"}}, "marking"));
  CHECK(juju.lines("calls").size() == 2);
}

TEST_CASE("a command that changes something is sent once") {
  const auto err = GENERATE("connection is shut down", "unable to connect to API: dial tcp", "permission denied (unauthorized access)", "the moon is full", "model \"x\" for ann already exists (already exists)");
  INFO(err);
  const Scripted juju(std::string("echo 'ERROR ") + err + "' >&2; exit 1\n");
  const auto acted = juju_act(juju.access, {"add-model", "x"}, "adding x");
  REQUIRE_FALSE(acted);
  CHECK(juju.lines("calls").size() == 1);
  CHECK(acted.error().error.exit == (std::string_view(err).contains("moon") ? ExitCode::failed : std::string_view(err).contains("exists") ? ExitCode::refused : ExitCode::unknown));
}

TEST_CASE("juju's own locks are tried again") {
  const Scripted juju("if [ -e second ]; then exit 0; fi; touch second; echo 'ERROR cannot acquire lock file to read: timeout acquiring mutex' >&2; exit 1\n");
  CHECK(juju_act(juju.access, {"add-model", "x"}, "adding x"));
  CHECK(juju.lines("calls").size() == 2);
}

TEST_CASE("cloud credentials are there for who asks, and nothing stays") {
  const Scripted juju("exit 0\n");
  CHECK(juju_act(juju.access, {"destroy-model", "x"}, "destroying x"));
  CHECK(std::ranges::count(juju.lines("files"), "credentials.yaml") == 0);
  CHECK(juju_act(juju.access, {"add-model", "x"}, "adding x", {.credentials = true, .deadline = {}, .directory = {}}));
  CHECK(std::ranges::count(juju.lines("files"), "credentials.yaml") == 1);
  CHECK(fs::is_empty(juju.folder() / "private"));
}

TEST_CASE("an action ends at its deadline and nobody knows what it did") {
  const Scripted juju("exec sleep 60\n");
  const auto begun = std::chrono::steady_clock::now();
  const auto acted = juju_act(juju.access, {"add-model", "x"}, "adding x", {.credentials = false, .deadline = Deadline(Millis(500)), .directory = {}});
  CHECK(std::chrono::steady_clock::now() - begun < std::chrono::seconds(10));
  REQUIRE_FALSE(acted);
  CHECK(acted.error().trouble == Trouble::unreachable);
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
