#include <csignal>

#include <catch2/catch.hpp>

#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>

#include <fmt/format.h>

#include "core/app/context.hpp"
#include "core/config/load.hpp"
#include "core/files/toml_file.hpp"
#include "tests/support/memory_use.hpp"
#include "tests/support/test_host.hpp"

using namespace cdctl;
using namespace cdctl::config;
namespace fs = std::filesystem;

namespace {

struct Folder {
  test::TempDir dir;
  plugins::PluginHost plugins{{fs::path(CDCTL_BUILD_DIR) / CDCTL_LIBDIR / "plugins"}};

  void write(const std::string& name, const std::string& text) const {
    fs::create_directories((dir.path() / name).parent_path());
    std::ofstream(dir.path() / name) << text;
  }
  Result<Config> load() {
    return config::find_config((dir.path() / "cdctl.toml").string(), plugins);
  }
  std::string broken(const std::string& service_text) {
    write("cdctl.toml", "");
    write("services.d/thumbs.toml", service_text);
    const auto config = load();
    REQUIRE(config);
    REQUIRE(config->broken.contains("thumbs"));
    CHECK(config->broken.at("thumbs").exit == ExitCode::config);
    return config->broken.at("thumbs").what;
  }
};

const std::string k_sources = "[sources]\ntrunk = { git = \"https://git.example/thumbs.git\" }\n";

}  // namespace

TEST_CASE("a service file is read with its defaults") {
  Folder f;
  f.write("cdctl.toml", "[defaults]\nmin_live = 2\n[defaults.reaper]\nkeep = 5\n");
  f.write("services.d/thumbs.toml",
          "memory = { worker = \"512M\", web = \"2G\" }\ncpu = { worker = 1.5, beat = 1 }\n"
          "units = { worker = 3 }\nmin_live = \"50%\"\nstop_timeout = { worker = \"until done, at "
          "most 2h\", web = \"30s\" }\n[reaper]\nmin_age = \"2h\"\n"
          "[scale]\nworker = { max = 8, queues = [\"thumbs\"], drain = \"1m\" }\n" +
              k_sources);
  const auto config = f.load();
  REQUIRE(config);
  const auto* thumbs = config->service("thumbs");
  REQUIRE(thumbs);
  CHECK(thumbs->limits.at("worker") == UnitLimit{512 << 20, 1500});
  CHECK(thumbs->limits.at("web") == UnitLimit{std::int64_t(2) << 30, 0});
  CHECK(thumbs->limits.at("beat") == UnitLimit{0, 1000});
  CHECK(thumbs->scale.at("worker").min == 1);
  CHECK(thumbs->scale.at("worker").max == 8);
  CHECK(thumbs->scale.at("worker").queues == std::vector<std::string>{"thumbs"});
  CHECK(thumbs->scale.at("worker").drain == std::chrono::minutes(1));
  CHECK(thumbs->scale.at("worker").settle == std::chrono::minutes(10));
  CHECK(thumbs->engine == "local");
  CHECK(thumbs->min_live.percent);
  CHECK(thumbs->grace().of("worker") == std::chrono::hours(2));
  CHECK(thumbs->stop_timeouts.at("worker").until_done);
  CHECK(thumbs->grace().of("web") == std::chrono::seconds(30));
  CHECK(thumbs->grace().of("clock") == std::chrono::seconds(10));
  CHECK(thumbs->min_live.needed(5) == 3);
  CHECK(thumbs->reaper.keep == 5);
  CHECK(thumbs->reaper.cut_grace == std::chrono::hours(2));
  CHECK(thumbs->switches == std::vector<std::string>{"local"});
  CHECK(thumbs->sources.size() == 1);
}

TEST_CASE("how long revisions may overlap is said for all, or by a service") {
  Folder f;
  f.write("cdctl.toml", "[defaults.breaker]\noverlap = \"2h\"\n");
  f.write("services.d/thumbs.toml", k_sources);
  f.write("services.d/fingers.toml", "[breaker]\noverlap = \"10m\"\n" + k_sources);
  const auto config = f.load();
  REQUIRE(config);
  CHECK(config->service("thumbs")->overlap == std::chrono::hours(2));
  CHECK(config->service("fingers")->overlap == std::chrono::minutes(10));
  CHECK(ServiceConfig().overlap == std::chrono::hours(1));
  CHECK(f.broken("[breaker]\noverlap = \"soon\"\n" + k_sources).find("thumbs.toml:2:") !=
        std::string::npos);
}

TEST_CASE("services are found whatever their names have in common") {
  Folder f;
  f.write("cdctl.toml", "");
  const std::vector<std::string> names{"a", "a-b", "a0", "ab",
                                       "b"};  // as files, a-b.toml comes before a.toml
  for (const auto& name : names) f.write("services.d/" + name + ".toml", k_sources);
  const auto config = f.load();
  REQUIRE(config);
  for (const auto& name : names) {
    INFO(name);
    REQUIRE(config->service(name));
    CHECK(config->service(name)->name == name);
  }
  CHECK_FALSE(config->service("a-"));
  CHECK_FALSE(config->service("c"));
}

TEST_CASE("an unknown key names file, line, column and the nearest key") {
  Folder f;
  const auto what = f.broken("engin = \"local\"\n" + k_sources);
  CHECK(what.find("thumbs.toml:1:") != std::string::npos);
  CHECK(what.find("did you mean 'engine'?") != std::string::npos);
  CHECK(f.broken("[sources]\ntrunk = { git = \"x\", brunch = \"main\" }\n")
            .find("did you mean 'sources.") == std::string::npos);
  CHECK(f.broken("[sources]\ntrunk = { git = \"x\", brunch = \"main\" }\n")
            .find("did you mean 'branch'?") != std::string::npos);
  CHECK(f.broken("[reaper]\nkep = 1\n" + k_sources).find("did you mean 'keep'?") !=
        std::string::npos);
}

TEST_CASE("wrong values are refused with their place") {
  Folder f;
  for (const auto* text : {"stop_timeout = 3\n",
                           "stop_timeout = { worker = 30 }\n",
                           "stop_timeout = { worker = \"until done\" }\n",
                           "stop_timeout = { worker = \"25h\" }\n",
                           "memory = \"512M\"\n",
                           "memory = { worker = 512 }\n",
                           "memory = { worker = \"512\" }\n",
                           "memory = { worker = \"0M\" }\n",
                           "memory = { worker = \"2T\" }\n",
                           "memory = { worker = \"99999999999999999999G\" }\n",
                           "cpu = 2\n",
                           "cpu = { worker = 0 }\n",
                           "cpu = { worker = nan }\n",
                           "cpu = { worker = \"2\" }\n",
                           "scale = 3\n",
                           "scale = { worker = 3 }\n",
                           "scale = { worker = { min = 1 } }\n",
                           "scale = { worker = { min = 3, max = 2 } }\n",
                           "scale = { worker = { min = 0, max = 2 } }\n",
                           "scale = { worker = { max = 2, drain = \"0s\" } }\n",
                           "scale = { a = { max = 2 }, b = { max = 2, queues = [\"b\"] } }\n",
                           "scale = { worker = { max = 2, minimum = 1 } }\n",
                           "units = { release = 1 }\n",
                           "stop = \"all\"\n",
                           "stop = { worker = true }\n",
                           "stop = 3\n",
                           "stop_again = \"QUIT\"\n",
                           "stop_again = \"KILL after 3s\"\n",
                           "stop_again = { worker = \"QUIT after 10s\" }\n",
                           "units = 3\n",
                           "units = { worker = -1 }\n",
                           "units = { beat = { count = 2, across = \"service\" } }\n",
                           "units = { beat = { count = 1 } }\n",
                           "units = { beat = { across = \"set\" } }\n",
                           "units = { beat = { across = \"service\", where = \"x\" } }\n",
                           "units = { beat = { across = \"service\" } }\n",  // without a broker
                           "units = { \"../x\" = 1 }\n",
                           "min_live = \"x\"\n",
                           "min_live = \"500%\"\n",
                           "accept_loss = 1\n",
                           "max_verdict_age = \"soon\"\n",
                           "switches = [\"nothing\"]\n",
                           "switches = []\n",
                           "engine = \"../x\"\n"}) {
    INFO(text);
    CHECK(f.broken(text + k_sources).find("thumbs.toml:1:") != std::string::npos);
  }
  CHECK(f.broken("").find("needs [sources]") != std::string::npos);
  CHECK(f.broken("[sources]\ntrunk = { git = \"--upload-pack=x\" }\n").find("must be an address") !=
        std::string::npos);
  CHECK(f.broken("[sources]\ntrunk = { got = \"x\" }\n").find("must name its kind") !=
        std::string::npos);
  CHECK(f.broken("x = [1,\n").find("thumbs.toml:1:") != std::string::npos);
}

TEST_CASE("how units are told to end is for all, or by process") {
  Folder f;
  const auto grace = [&](const std::string& text) {
    f.write("cdctl.toml", "");
    f.write("services.d/thumbs.toml", text + k_sources);
    const auto config = f.load();
    REQUIRE(config);
    REQUIRE(config->service("thumbs"));
    return config->service("thumbs")->grace();
  };
  using std::chrono::seconds;
  CHECK(grace("").ways.empty());
  CHECK(grace("stop = \"main\"\n").way_of("worker") == StopWay{true, 0, {}});
  const auto own = grace("stop = { worker = \"main\" }\nstop_again = \"QUIT after 5s\"\n");
  CHECK(own.way_of("worker") == StopWay{true, SIGQUIT, seconds(5)});
  CHECK(own.way_of("web") == StopWay{false, SIGQUIT, seconds(5)});
  const auto both = grace(
      "stop = \"main\"\nstop_timeout = { worker = \"5m\" }\n"
      "stop_again = { worker = \"INT after 4m\" }\n");
  CHECK(both.way_of("worker") == StopWay{true, SIGINT, seconds(240)});
  CHECK(both.way_of("web") == StopWay{true, 0, {}});
}

TEST_CASE("one team's broken file stops no other team") {
  Folder f;
  f.write("cdctl.toml", "");
  f.write("services.d/bad.toml", "nonsense\n");
  f.write("services.d/good.toml", k_sources);
  f.write("services.d/Bad_Name.toml", k_sources);
  const auto config = f.load();
  REQUIRE(config);
  CHECK(config->services.size() == 1);
  CHECK(config->broken.size() == 2);
}

TEST_CASE("an edit of what shapes a deployment changes the revision, another edit does not") {
  Folder f;
  const auto shape = [&](const std::string& text) {
    f.write("cdctl.toml", "");
    f.write("services.d/thumbs.toml", text + k_sources);
    const auto config = f.load();
    REQUIRE(config);
    REQUIRE(config->service("thumbs"));
    return config->service("thumbs")->shape().revision;
  };
  const auto before = shape("units = { worker = 3 }\n");
  CHECK(shape("units = { worker = 3 }\nmin_live = 2\n") == before);
  CHECK(shape("units = { worker = 3 }\nstop_timeout = { worker = \"30s\" }\n") == before);
  // How many units there are is changed in place
  CHECK(shape("units = { worker = 4 }\n") == before);
  CHECK(shape("scale = { worker = { min = 1, max = 8 } }\n") == before);
  CHECK(shape("memory = { worker = \"512M\" }\n") != before);
  // A set that was deployed without it holds no lock
  const std::string broker = "switches = [\"rabbit\", \"local\"]\nrabbit = {}\n";
  CHECK(shape(broker + "units = { beat = { count = 1, across = \"service\" } }\n") !=
        shape(broker + "units = { beat = 1 }\n"));
  CHECK(shape("mojo = { stage = \"production\" }\n") != before);
  CHECK(shape("units = { worker = 3 }\nstop = \"main\"\nstop_again = \"QUIT after 5s\"\n") ==
        before);
}

TEST_CASE("what shapes a deployment gives the identity that it gave before") {
  Folder f;
  f.write("cdctl.toml", "");
  const auto is = [&](const std::string& text, const std::string& revision) {
    f.write("services.d/thumbs.toml", text + "\n" + k_sources);
    const auto config = f.load();
    REQUIRE(config);
    INFO(text);
    REQUIRE(config->service("thumbs"));
    CHECK(config->service("thumbs")->shape().revision == revision);
  };
  is("", "a069612f1554f706a6c883a4ac10bd45d2c6fe5d265fac3c8beedb4c497dbae4");
  is("units = { worker = 3 }", "a069612f1554f706a6c883a4ac10bd45d2c6fe5d265fac3c8beedb4c497dbae4");
  is("mojo = { stage = \"production\", series = \"noble\" }",
     "4756707ba26b11ab5ab2a8cb8fd4d968bb69b3b11a4e41bbb83188d9723306ad");
  is("[rabbit]\nqueues = { thumbs = { type = \"quorum\" } }\npublish = [\"x\"]",
     "457222ce648b7e7dd7c0d5259ff0756a7e43d95dc82521587e6c8c2e93097d28");
  is("[rabbit]\nbroker = \"batch\"\nvhost = \"jobs\"\nqueues = { thumbs = {} }",
     "69286fa3ebaa72cdfaebeffd17affc7907b5ac42d8d1e4e0d31c279aed417924");
  is("[mojo]\n[rabbit]", "c15f95e4099b24cd0654887affdf92c16750d9223966c1f6f5bc04706adae9a1");
  is("engine = \"juju\"\njuju = { model = \"x\" }",
     "dc610ff429a29b09c634be6c0fdd1c68b327223782e5bb49b406efb2689d87ea");
}

TEST_CASE("a configuration found by walking up names no programs and no plugin folders") {
  Folder f;
  f.write("cdctl.toml", "[rabbit]\npassword_command = [\"true\"]\n");
  f.write("deep/er/x", "");
  const auto here = fs::current_path();
  ::unsetenv("CDCTL_CONFIG");
  fs::current_path(f.dir.path() / "deep/er");
  const auto found = config::find_config("", f.plugins);
  fs::current_path(here);
  REQUIRE_FALSE(found);
  CHECK(found.error().exit == ExitCode::config);
  CHECK(found.error().what.find("password_command") != std::string::npos);
}

TEST_CASE(
    "a configuration of root, found by walking up, names no secret and no address to others") {
  if (::geteuid() != 0) return;  // nobody else to be
  Folder f;
  f.write("cdctl.toml", "");
  f.write("deep/er/x", "");
  fs::permissions(f.dir.path(), fs::perms(0755));
  const auto here = fs::current_path();
  const auto found_by_somebody = [&](const std::string& text) {
    f.write("cdctl.toml", text);
    ::unsetenv("CDCTL_CONFIG");
    fs::current_path(f.dir.path() / "deep/er");
    REQUIRE(::seteuid(65534) == 0);
    const auto found = config::find_config("", f.plugins);
    REQUIRE(::seteuid(0) == 0);
    fs::current_path(here);
    return found ? std::string() : found.error().what;
  };
  CHECK(found_by_somebody("[defaults]\nmin_live = 2\n").empty());
  for (const auto* text :
       {"[rabbit]\npassword_file = \"/etc/shadow\"\n", "[rabbit]\npassword_env = \"SECRET\"\n",
        "[rabbit]\nmanagement = \"http://127.0.0.1:1\"\n",
        "[rabbit.brokers.b]\namqp = \"amqp://127.0.0.1\"\n"})
    CHECK(found_by_somebody(text).contains("walking up"));
}

TEST_CASE("a configuration that somebody else owns or can write to is refused, each file of it") {
  Folder f;
  const auto refused = [&](const fs::path& file, fs::perms mode, uid_t owner,
                           const std::string& why) {
    f.write("cdctl.toml", "");
    f.write("services.d/thumbs.toml", k_sources);
    fs::permissions(f.dir.path() / "services.d", fs::perms(0755));
    fs::permissions(f.dir.path() / file, mode);
    if (::geteuid() == 0) REQUIRE(::chown((f.dir.path() / file).c_str(), owner, 0) == 0);
    const auto config = f.load();
    INFO(file);
    if (file.filename() == "thumbs.toml") {
      REQUIRE(config);
      CHECK(config->services.empty());
      REQUIRE(config->broken.contains("thumbs"));
      CHECK(config->broken.at("thumbs").what.contains(why));
    } else {
      REQUIRE_FALSE(config);
      CHECK(config.error().exit == ExitCode::config);
      CHECK(config.error().what.contains(why));
    }
    REQUIRE(::chown((f.dir.path() / file).c_str(), ::geteuid(), ::getegid()) == 0);
    fs::permissions(f.dir.path() / file, fs::perms(0755));
  };
  for (const auto* file : {"cdctl.toml", "services.d", "services.d/thumbs.toml"}) {
    refused(file, fs::perms(0666), ::geteuid(), "others may write to");
    if (::geteuid() == 0) refused(file, fs::perms(0644), 65534, "another user (uid 65534)");
  }
  if (::geteuid() != 0) return;
  f.write("cdctl.toml", "");
  REQUIRE(::chown((f.dir.path() / "cdctl.toml").c_str(), 65534, 0) == 0);
  CHECK_FALSE(f.load());
  ::setenv("SUDO_UID", "65534", 1);  // root by that user's own sudo
  CHECK(f.load());
  ::unsetenv("SUDO_UID");
}

TEST_CASE("a symbolic link of somebody else is refused, whatever it leads to") {
  if (::geteuid() != 0) return;  // nobody else to be
  Folder f;
  f.write("real/cdctl.toml", "");
  f.write("real/services.d/thumbs.toml", k_sources);
  const auto& root = f.dir.path();
  fs::permissions(root / "real/services.d", fs::perms(0755));
  const auto link = [&](const std::string& name, uid_t owner) {
    fs::create_symlink(root / "real" / name, root / name);
    REQUIRE(::lchown((root / name).c_str(), owner, 0) == 0);
  };
  link("cdctl.toml", 65534);
  const auto file = f.load();
  REQUIRE_FALSE(file);
  CHECK(file.error().exit == ExitCode::config);
  CHECK(file.error().what.contains("cdctl.toml is a symbolic link of another user (uid 65534)"));
  CHECK(file.error().what.contains("chown -h"));
  fs::remove(root / "cdctl.toml");
  link("cdctl.toml", 0);
  CHECK(f.load());
  link("services.d", 65534);
  CHECK_FALSE(f.load());
  fs::remove(root / "services.d");
  f.write("services.d/x", "");
  fs::permissions(root / "services.d", fs::perms(0755));
  link("services.d/thumbs.toml", 65534);
  CHECK(f.load()->broken.contains("thumbs"));
  // A link of ours to one of theirs leads where they say.
  fs::remove(root / "cdctl.toml");
  fs::create_symlink(root / "real/cdctl.toml", root / "theirs.toml");
  REQUIRE(::lchown((root / "theirs.toml").c_str(), 65534, 0) == 0);
  fs::create_symlink("theirs.toml", root / "cdctl.toml");
  CHECK_FALSE(f.load());
}

TEST_CASE("a home of somebody else is refused, and so is a link in it") {
  Folder f;
  const auto home = f.dir.path() / "home";
  CHECK(config::check_home_folder(home));  // it will be made
  f.write("home/readers/night", "1");
  f.write("home/outcomes.ndjson", "");
  for (const auto* folder : {"home", "home/readers"})
    fs::permissions(f.dir.path() / folder, fs::perms(0700));
  CHECK(config::check_home_folder(home));
  const auto refused = [&](const std::string& why) {
    const auto checked = config::check_home_folder(home);
    REQUIRE_FALSE(checked);
    CHECK(checked.error().exit == ExitCode::config);
    INFO(checked.error().what);
    CHECK(checked.error().what.contains(why));
  };
  const auto elsewhere = f.dir.path() / "elsewhere";
  fs::create_directory(elsewhere);
  for (const auto* name : {"signals", "sets", "outcomes"}) {
    fs::create_symlink(elsewhere, home / name);
    refused((home / name).string() + " is a symbolic link");
    fs::remove(home / name);
  }
  for (const auto& path : {home, home / "readers", home / "outcomes.ndjson"}) {
    fs::permissions(path, fs::perms::others_write, fs::perm_options::add);
    refused("others may write to " + path.string());
    fs::permissions(path, fs::perms::others_write, fs::perm_options::remove);
    if (::geteuid() != 0) continue;
    REQUIRE(::chown(path.c_str(), 65534, 0) == 0);
    refused(path.string() + " belongs to another user (uid 65534)");
    REQUIRE(::chown(path.c_str(), 0, 0) == 0);
  }
  CHECK(config::check_home_folder(home));
  fs::create_symlink(home, f.dir.path() / "link");  // where it is, its owner says
  CHECK(config::check_home_folder(f.dir.path() / "link"));
  if (::geteuid() != 0) return;
  REQUIRE(::lchown((f.dir.path() / "link").c_str(), 65534, 0) == 0);
  CHECK_FALSE(config::check_home_folder(f.dir.path() / "link"));
}

TEST_CASE("a folder of services that cannot be read is not a folder without services") {
  Folder f;
  f.write("cdctl.toml", "");
  CHECK(f.load());
  fs::create_symlink("nowhere", f.dir.path() / "services.d");
  CHECK_FALSE(f.load());
  fs::remove(f.dir.path() / "services.d");
  f.write("services.d", "a file");
  const auto file = f.load();
  REQUIRE_FALSE(file);
  CHECK(file.error().exit == ExitCode::config);
  CHECK(file.error().what.contains("services.d"));
}

TEST_CASE("one team's file stops its own service alone, whatever it is") {
  Folder f;
  std::string dots(40'000, 'a');
  for (std::size_t i = 1; i < dots.size(); i += 2) dots[i] = '.';
  dots += 'a';
  CHECK(f.broken(dots + " = 1\n").contains("thumbs.toml:1: a key of more than 16 parts"));
  CHECK(f.broken("x = \"'\"\n[" + dots + "]\n").contains("thumbs.toml:2: a key of more"));
  CHECK(f.broken("x = { " + dots + " = 1 }\n").contains("a key of more"));
  // What only looks like it
  const std::string long_literal = "'''\n" + dots + "'''";
  for (const std::string& text :
       {"x = \"" + dots + "\"", "x = '" + dots + "'", "x = " + long_literal,
        "x = \"\"\"\\\"" + dots + "\"\"\"", "# " + dots, "'" + dots + "' = 1"})
    CHECK_FALSE(f.broken(text + "\n").contains("parts"));

  const auto file = f.dir.path() / "services.d/thumbs.toml";
  fs::remove(file);
  REQUIRE(::mkfifo(file.c_str(), 0600) == 0);
  auto config = f.load();
  REQUIRE(config);
  CHECK(config->broken.at("thumbs").what.contains("not a regular file"));
  fs::remove(file);
  fs::create_directory(file);
  config = f.load();
  REQUIRE(config);
  CHECK(config->broken.at("thumbs").what.contains("not a regular file"));
}

TEST_CASE("a file that is small and a tree that is large") {
  Folder f;
  const auto repeated = [](int count, const auto& make) {
    std::string out;
    for (int i = 0; i < count; ++i) out += make(i);
    return out;
  };
  const std::string deep(100'000, '['), key(500'000, 'k');
  const std::pair<std::string, std::string> bombs[] = {
      {"x = " + deep, ":1: more than 32 levels"},
      {"x = " + deep + std::string(100'000, ']'), ":1: more than 32 levels"},
      {"x =\n" + repeated(50'000, [](int) { return "[\n"; }), ":34: more than 32 levels"},
      {"x = " + repeated(50'000, [](int) { return "{a="; }), ":1: more than 32 levels"},
      {repeated(100'000, [](int i) { return fmt::format("{:x}=0\n", i); }),
       "more than 20000 values"},
      {"x = [" + repeated(400'000, [](int) { return "0,"; }), ":1: more than 20000 values"},
      {"x = [" + repeated(200'000, [](int) { return "{},"; }), ":1: more than 20000 values"},
      {repeated(100'000, [](int i) { return fmt::format("[{:x}]\n", i); }),
       "more than 20000 values"},
      {repeated(150'000, [](int) { return "[[a]]\n"; }), "more than 20000 values"},
      {"[" + key + "]\n" + repeated(15'000, [](int i) { return fmt::format("{:x}=0\n", i); }),
       ":1:2: a key of more than 1024 bytes"},
      {"[" + key + "." + key + "]\n", "a key of more than 1024 bytes"},
      {"x = " + repeated(30, [](int) { return "{ a.a.a.a.a.a.a.a.a.a.a.a.a.a.a = "; }) + "1" +
           std::string(30, '}'),
       ""},
      {repeated(19'000, [](int i) { return fmt::format("{:x}=0\n", i); }), ""},
      {std::string(2u << 20, '#'), "larger than 1048576 bytes"},
  };
  for (const auto& [text, why] : bombs) {
    CAPTURE(text.substr(0, 40));
    const auto began = std::chrono::steady_clock::now();
    std::string said;
    CHECK(test::peak_growth([&] { said = f.broken(text + "\n"); }) < 48);
    CHECK(said.contains(why));
    CHECK(said.size() < 1000);
    CHECK(std::chrono::steady_clock::now() - began < std::chrono::seconds(5));
  }
}

TEST_CASE("a service's file that leads elsewhere, or is very large, stops its own service alone") {
  Folder f;
  f.write("cdctl.toml", "");
  f.write("services.d/good.toml", k_sources);
  const auto file = f.dir.path() / "services.d/bad.toml";
  const auto large = f.dir.path() / "large";
  f.write("large", "");
  fs::resize_file(large, 2ULL << 30);
  for (const fs::path& target :
       {fs::path("/dev/zero"), fs::path("/dev/full"), large, fs::path("bad.toml"), f.dir.path()}) {
    CAPTURE(target);
    fs::remove(file);
    fs::create_symlink(target, file);
    std::optional<Result<Config>> config;
    CHECK(test::peak_growth([&] { config = f.load(); }) < 8);
    REQUIRE(*config);
    CHECK((*config)->services.size() == 1);
    CHECK((*config)->broken.contains("bad"));
  }
}

TEST_CASE("a secret of somebody else's choice hangs nobody and fills no memory") {
  test::TempDir dir;
  Config config;
  config.file = dir.path() / "cdctl.toml";
  const auto fifo = dir.path() / "fifo", large = dir.path() / "large";
  REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
  std::ofstream(large) << "";
  fs::permissions(large, fs::perms::owner_read);
  fs::resize_file(large, 2ULL << 30);
  fs::create_symlink("/dev/zero", dir.path() / "zero");
  const auto growth = test::peak_growth([&] {
    for (const auto* file : {"fifo", "large", "zero", "."})
      CHECK_FALSE(read_secret(Json::object({{"token_file", file}}), "token", config));
    const auto endless =
        Json::object({{"token_command", Json::array({"head", "-c", "100000000", "/dev/zero"})}});
    CHECK_FALSE(read_secret(endless, "token", config));
  });
  CHECK(growth < 8);
}

TEST_CASE(
    "a secret comes from a private file, the environment or a command, and reaches no error") {
  test::TempDir dir;
  Config config;
  config.file = dir.path() / "cdctl.toml";
  const auto file = dir.path() / "secret";
  std::ofstream(file) << "hunter2\n";
  fs::permissions(file, fs::perms::owner_read);
  CHECK(read_secret(Json::object({{"password_file", "secret"}}), "password", config)->value() ==
        "hunter2");
  fs::permissions(file, fs::perms::owner_read | fs::perms::others_read);
  const auto open = read_secret(Json::object({{"password_file", "secret"}}), "password", config);
  REQUIRE_FALSE(open);
  CHECK(open.error().what.find("chmod 600") != std::string::npos);
  CHECK(open.error().what.find("hunter2") == std::string::npos);
  ::setenv("CDCTL_TEST_SECRET", "hunter3", 1);
  CHECK(read_secret(Json::object({{"password_env", "CDCTL_TEST_SECRET"}}), "password", config)
            ->value() == "hunter3");
  CHECK(read_secret(Json::object({{"password_command", Json::array({"printf", "hunter4\nmore"})}}),
                    "password", config)
            ->value() == "hunter4");
  CHECK_FALSE(read_secret(Json::object({{"password_command", Json::array({"false"})}}), "password",
                          config));
  CHECK_FALSE(read_secret(Json::object({{"password_env", "A"}, {"password_file", "b"}}), "password",
                          config));
  CHECK_FALSE(read_secret(Json::object(), "password", config)->has_value());
}

TEST_CASE("a table without a name is an error with its line, and ends nobody") {
  for (const std::string_view bad : {"[;]", "[[;]]", "[ ]", "[", "[[", "[a.;]", "x = {;}"}) {
    INFO(bad);
    const auto file = files::parse_toml("a = 1\n" + std::string(bad) + "\n", "cdctl.toml");
    REQUIRE_FALSE(file);
    CHECK(file.error().exit == ExitCode::config);
    CHECK(file.error().what.starts_with("cdctl.toml:"));
  }
}

TEST_CASE("what the TOML parser does not foresee is refused before it") {
  const auto refusal = [](std::string_view text) {
    const auto file = files::parse_toml(text, "cdctl.toml");
    return file ? std::string("taken") : file.error().what;
  };
  for (const std::string_view bad : {"a = 1\nclé = 2\n", "a = 1\nb = 2é\n", "a = 1\nb\xc2\xa0= 2\n",
                                     "a = \"\"\"x\"\"\"\"\nb = é\n"}) {
    INFO(bad);
    CHECK(refusal(bad).starts_with("cdctl.toml:2: a character beyond ASCII"));
  }
  CHECK(refusal("\xef\xbb\xbf# é\na = \"é\"\n\"clé\" = 'ü'\nb = \"\"\"\né\"\"\"\"\"\n") == "taken");
  // The quotes at the end of a long text hide no key behind it.
  std::string deep = "x = { a = \"\"\"y\"\"\"\", b";
  for (int i = 0; i < 20'000; ++i) deep += ".b";
  CHECK(refusal(deep + " = 1 }\n").starts_with("cdctl.toml:1: a key of more than 16 parts"));
}
