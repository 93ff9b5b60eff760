#include <catch2/catch.hpp>

#include <fstream>

#include "core/plugins/host.hpp"
#include "tests/support/test_host.hpp"

using namespace cdctl;
using namespace cdctl::plugins;
namespace fs = std::filesystem;

namespace {

/// A plugin folder of its own, beside which a good plugin must always work.
struct Folder {
  test::TempDir dir;
  test::TestHost host{dir.path() / "home"};

  Folder() { install("good", "good"); }

  void install(const std::string& library, const std::string& name, std::string manifest = "") {
    fs::copy_file(fs::path(CDCTL_BUILD_DIR) / "tests/plugins" / (library + ".so"),
                  dir.path() / (library + ".so"), fs::copy_options::overwrite_existing);
    if (manifest.empty())
      manifest = "name = \"" + name + "\"\nversion = \"1.0\"\nfile = \"" + library +
                 ".so\"\ninterface = " CDCTL_STR(CDCTL_INTERFACE) "\n";
    if (name == "good" || name == "throws")
      manifest += "[[role]]\nrole = \"source\"\nkind = \"" +
                  std::string(name == "good" ? "fake" : "throws") + "\"\nkeys = [\"flavour\"]\n";
    std::ofstream(dir.path() / (name + ".toml")) << manifest;
  }
  /// Why `name` is refused once it is opened; and everything else still works.
  std::string reason(const std::string& name) {
    plugins::PluginHost plugins({dir.path()});
    std::string out = "not refused";
    for (const auto& info : plugins.plugins()) {
      if (info.name != name) continue;
      const auto opened = plugins.open(info);
      if (!opened) {
        CHECK(opened.error().exit == ExitCode::config);
        out = opened.error().what;
      }
    }
    CHECK(plugins.create(plugin::Role::source, "fake", host).has_value());
    return out;
  }
};

}  // namespace

TEST_CASE("a good plugin is found by its manifest and opened when it is needed") {
  Folder f;
  plugins::PluginHost plugins({f.dir.path()});
  REQUIRE(plugins.plugins().size() == 1);
  CHECK(plugins.plugins()[0].refused.empty());
  auto made = plugins.create(plugin::Role::source, "fake", f.host);
  REQUIRE(made);
  auto* source = static_cast<Source*>(*made);
  const SourceConfig config{"thumbs", "trunk", "fake", "fake:", {}};
  CHECK(source->newest({&config, 1}, Deadline(Millis(1000))).at(0)->revision == "1");
}

TEST_CASE("nothing thrown crosses the boundary") {
  Folder f;
  plugins::PluginHost plugins({f.dir.path()});
  auto* source = static_cast<Source*>(plugins.create(plugin::Role::source, "fake", f.host).value());
  const auto resolved = source->resolve({}, "x", Deadline(Millis(1000)));
  REQUIRE_FALSE(resolved);
  CHECK(resolved.error().what.find("thrown inside the plugin") != std::string::npos);
  CHECK_FALSE(source->checkout({}, "x", "/nowhere", Deadline(Millis(1000))));
}

TEST_CASE("a plugin of another interface version is refused before its code runs") {
  Folder f;
  f.install("old_interface", "old_interface");
  CHECK(f.reason("old_interface").find("undefined symbol: cdctl_interface_0") != std::string::npos);
  f.install(
      "old_interface", "old_interface",
      "name = \"old_interface\"\nversion = \"1.0\"\nfile = \"old_interface.so\"\ninterface = 0\n");
  CHECK(f.reason("old_interface")
            .find("interface version 0, this cdctl has " CDCTL_STR(CDCTL_INTERFACE)) !=
        std::string::npos);
}

TEST_CASE("a missing symbol is an error of the load, not a crash at the first call") {
  Folder f;
  f.install("missing_symbol", "missing_symbol");
  CHECK(f.reason("missing_symbol").find("undefined symbol: cdctl_test_nobody_defines_this") !=
        std::string::npos);
}

TEST_CASE("a truncated file is refused") {
  Folder f;
  f.install("missing_symbol", "missing_symbol");
  for (const auto size : {0, 1, 100, 5000}) {
    fs::resize_file(f.dir.path() / "missing_symbol.so", static_cast<std::uintmax_t>(size));
    CHECK(f.reason("missing_symbol").find("no complete shared library") != std::string::npos);
  }
  std::ofstream(f.dir.path() / "missing_symbol.so") << "#!/bin/sh\necho no library\n";
  CHECK(f.reason("missing_symbol").find("no complete shared library") != std::string::npos);
}

TEST_CASE("a file that others may write to is refused") {
  Folder f;
  f.install("missing_symbol", "open");
  std::ofstream(f.dir.path() / "open.toml")
      << "name = \"open\"\nversion = \"1.0\"\nfile = \"open.so\"\ninterface = " CDCTL_STR(
             CDCTL_INTERFACE) "\n";
  fs::rename(f.dir.path() / "missing_symbol.so", f.dir.path() / "open.so");
  fs::permissions(f.dir.path() / "open.so", fs::perms::others_write, fs::perm_options::add);
  CHECK(f.reason("open").find("others may write to") != std::string::npos);
}

TEST_CASE("a folder that others may write to offers no plugin") {
  Folder f;
  fs::permissions(f.dir.path(), fs::perms::others_write, fs::perm_options::add);
  plugins::PluginHost plugins({f.dir.path()});
  REQUIRE(plugins.plugins().size() == 1);
  CHECK(plugins.plugins()[0].refused.find("others may write to") != std::string::npos);
  CHECK_FALSE(plugins.create(plugin::Role::source, "fake", f.host));
}

TEST_CASE("a manifest that lies is found out") {
  Folder f;
  f.install("throws", "liar",
            "name = \"liar\"\nversion = \"1.0\"\nfile = \"throws.so\"\ninterface = " CDCTL_STR(
                CDCTL_INTERFACE) "\n");
  CHECK(f.reason("liar").find("the manifest says name liar, the library throws") !=
        std::string::npos);
  f.install("missing_symbol", "throws",
            "name = \"throws\"\nversion = \"2.0\"\nfile = \"throws.so\"\ninterface = " CDCTL_STR(
                CDCTL_INTERFACE) "\n");
  CHECK(f.reason("throws").find("the manifest says version 2.0, the library 1.0") !=
        std::string::npos);
  std::ofstream(f.dir.path() / "throws.toml")
      << "name = \"throws\"\nversion = \"1.0\"\nfile = \"throws.so\"\ninterface = " CDCTL_STR(
             CDCTL_INTERFACE) "\n[[role]]\nrole = \"engine\"\nkind = \"x\"\n";
  CHECK(f.reason("throws").find("the manifest says roles engine:x, the library source:throws") !=
        std::string::npos);
  std::ofstream(f.dir.path() / "throws.toml")
      << "name = \"other\"\nfile = \"throws.so\"\ninterface = " CDCTL_STR(CDCTL_INTERFACE) "\n";
  CHECK(f.reason("throws").find("name 'other'") != std::string::npos);
  std::ofstream(f.dir.path() / "throws.toml")
      << "name = \"throws\"\nfile = \"../throws.so\"\ninterface = " CDCTL_STR(CDCTL_INTERFACE) "\n";
  CHECK(f.reason("throws").find("must name a library in the same folder") != std::string::npos);
  std::ofstream(f.dir.path() / "throws.toml") << "name = [\n";
  CHECK(f.reason("throws").find("throws.toml:1:") != std::string::npos);
}

TEST_CASE("a plugin that fails in its entry is refused with its own words") {
  Folder f;
  f.install("throws", "throws");
  plugins::PluginHost plugins({f.dir.path()});
  const auto made = plugins.create(plugin::Role::source, "throws", f.host);
  REQUIRE_FALSE(made);
  CHECK(made.error().what.find("no licence found") != std::string::npos);
  CHECK(plugins.create(plugin::Role::source, "fake", f.host));
}

TEST_CASE("a plugin of another build is refused before a virtual call") {
  Folder f;
  f.install("other_build", "other_build");
  CHECK(f.reason("other_build").find("the build is libstdc++99") != std::string::npos);
}

TEST_CASE("the same plugin in two folders: the first wins, the second is told") {
  Folder first, second;
  plugins::PluginHost plugins({first.dir.path(), second.dir.path()});
  REQUIRE(plugins.plugins().size() == 2);
  CHECK(plugins.plugins()[0].refused.empty());
  CHECK(plugins.plugins()[1].refused.find("shadowed by") != std::string::npos);
  CHECK(plugins.plugins()[1].shadowed);
  CHECK_FALSE(plugins.plugins()[0].shadowed);
}

TEST_CASE("for the names of commands no manifest is read but of plugins that have rows") {
  Folder first, second;
  const auto with_rows = [](Folder& folder, const std::string& name) {
    std::ofstream(folder.dir.path() / (name + ".toml"))
        << "name = \"" + name +
               "\"\nversion = \"1.0\"\nfile = \"x.so\"\ninterface = " CDCTL_STR(
                   CDCTL_INTERFACE) "\ncommands = [\"one\"]\n";
    std::ofstream(folder.dir.path() / (name + ".commands.ndjson")) << "{\"name\":\"one\"}\n";
  };
  const auto names = [&] {
    std::vector<std::string> out;
    for (const auto& info :
         plugins::PluginHost({first.dir.path(), second.dir.path()}).with_commands())
      out.push_back(info.name);
    return out;
  };
  CHECK(names().empty());
  with_rows(first, "two");
  with_rows(second, "three");
  with_rows(
      second,
      "good");  // the first folder has a plugin of this name that is usable and has no commands
  CHECK(names() == std::vector<std::string>{"two", "three"});
  std::ofstream(first.dir.path() / "good.toml")
      << "name = \"good\"\ninterface = 0\n";  // a refused one shadows nothing
  CHECK(names() == std::vector<std::string>{"two", "good", "three"});
  fs::permissions(second.dir.path(), fs::perms::others_write, fs::perm_options::add);
  CHECK(names() == std::vector<std::string>{"two"});
}

TEST_CASE("the records of a plugin are known by its manifest, without opening it") {
  Folder f;
  REQUIRE(plugins::write_manifest(f.dir.path() / "good.so", f.dir.path() / "good.toml"));
  plugins::PluginHost plugins({f.dir.path()});
  const auto* row = plugins.records()->find("test.flavour/1");
  REQUIRE(row);
  CHECK(row->title == std::string_view("A flavour"));
  REQUIRE(row->member_count == 2);
  CHECK(row->members[1].presence == plugin::Presence::optional);
  CHECK(row->members[1].meaning == std::string_view("or not"));
  REQUIRE(row->column_count == 2);
  CHECK(row->columns[1].show == plugin::Show::yes);
  CHECK_FALSE(plugins.records()->find("test.colour/1"));

  fs::permissions(f.dir.path() / "good.toml", fs::perms::others_write, fs::perm_options::add);
  CHECK(plugins::PluginHost({f.dir.path()}).records()->rows().empty());  // it is refused
}
