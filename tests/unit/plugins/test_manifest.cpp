#include <catch2/catch.hpp>

#include <fstream>

#include "core/plugins/host.hpp"
#include "tests/support/test_host.hpp"

using namespace cdctl;
using namespace cdctl::plugins;
namespace fs = std::filesystem;

namespace {

/// The plugin `rows` in a folder of its own, its manifest as `cdctl __manifest` writes it.
struct Written {
  test::TempDir dir;
  fs::path library = dir.path() / "rows.so";

  Written() {
    fs::copy_file(fs::path(CDCTL_BUILD_DIR) / "tests/plugins/rows.so", library);
    REQUIRE(write_manifest(library, dir.path() / "rows.toml"));
  }
};

}  // namespace

TEST_CASE("a manifest tells what the descriptor says") {
  const Written w;
  const auto info = read_manifest(w.dir.path() / "rows.toml");
  CHECK(info.refused.empty());
  CHECK(info.name == "rows");
  CHECK(info.file == w.library);
  CHECK(info.unit_env == "ROWS_URL");
  CHECK(info.global_keys == std::vector<std::string>{"file"});
  CHECK(info.service_keys == std::vector<std::string>{"words"});
  CHECK(info.shapes == std::map<std::string, std::string>{{"rows.words", "rows.words"}});
  REQUIRE(info.roles.size() == 1);
  CHECK(info.roles[0].role == "setup");
  REQUIRE(info.commands.size() == 2);
  CHECK(info.commands[1].name == "stop");
  plugins::PluginHost host({w.dir.path()});
  CHECK(host.open(host.plugins().at(0)));
}

TEST_CASE("rows come back whole, and live as long as a copy of who has them") {
  const Written w;
  PluginInfo copy;
  {
    auto info = read_manifest(w.dir.path() / "rows.toml");
    REQUIRE(read_commands(info));
    REQUIRE(read_keys(info));
    copy = info;
  }
  REQUIRE(copy.commands.size() == 2);
  const auto& say = copy.commands[0];
  CHECK(say.arguments == "[WORD…]");
  CHECK(say.examples == "cdctl rows say\ncdctl rows say hello");
  CHECK_FALSE(say.run);
  REQUIRE(say.options.size() == 3);
  CHECK(say.options[0].help == "say \"it\" louder");
  CHECK(say.options[0].letter == 'l');
  CHECK(say.options[0].value.empty());
  CHECK(say.options[1].repeatable);
  CHECK(say.options[1].choices == "a b");
  CHECK(say.options[2].value_optional);
  CHECK(copy.commands[1].options.empty());
  REQUIRE(copy.keys.size() == 4);
  CHECK(copy.keys[0].place == plugin::KeyPlace::both);
  CHECK(copy.keys[1].place == plugin::KeyPlace::file);
  CHECK(copy.keys[1].otherwise == "none");
  CHECK(copy.keys[2].shapes == "rows.words");
  CHECK(copy.keys[3].name == "rows.words.*");
}

TEST_CASE("rows that are not those of the manifest are refused") {
  const Written w;
  std::ofstream(w.dir.path() / "rows.commands.ndjson") << "{\"name\":\"other\"}\n";
  auto info = read_manifest(w.dir.path() / "rows.toml");
  const auto read = read_commands(info);
  REQUIRE_FALSE(read);
  CHECK(read.error().exit == ExitCode::config);
  CHECK(read.error().what.contains("disagree; build the plugin again"));
}

TEST_CASE("whose table it is offers the role, a refused plugin included") {
  test::TempDir dir;
  const auto plugin = [&](const std::string& name, const std::string& more) {
    std::ofstream(dir.path() / (name + ".toml"))
        << "name = \"" + name + "\"\nversion = \"1\"\nfile = \"x.so\"\n" + more +
               "[[role]]\nrole = \"memory\"\nkind = \"" + name + "\"\n";
  };
  plugin("fit", "interface = " CDCTL_STR(CDCTL_INTERFACE) "\n");
  plugin("old", "interface = 0\n");
  plugins::PluginHost host({dir.path()});
  using V = std::vector<std::string>;
  const auto table = [](const char* name) {
    return Json::object({{name, Json::object()}, {"other", 1}});
  };
  CHECK(host.owning("memory", table("fit")) == V{"fit"});
  CHECK(host.owning("memory", table("old")) == V{"old"});
  CHECK(host.owning("feed", table("fit")).empty());
  CHECK(host.owning("memory", Json::object({{"fit", 1}})).empty());
  CHECK(host.owning("memory", Json()).empty());
  CHECK(host.kinds("memory") == V{"fit"});
}
