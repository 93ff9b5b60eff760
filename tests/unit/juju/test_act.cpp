#include <algorithm>
#include <chrono>
#include <filesystem>

#include <catch2/catch.hpp>

#include <cdctl/fs.hpp>

#include "plugins/juju/client/call.hpp"
#include "plugins/juju/client/private_data.hpp"
#include "tests/support/juju_script.hpp"

using namespace cdctl;
using namespace cdctl::juju;
using namespace cdctl::test;
namespace fs = std::filesystem;

TEST_CASE("a command that changes something is sent once") {
  const auto err = GENERATE("connection is shut down", "unable to connect to API: dial tcp",
                            "permission denied (unauthorized access)", "the moon is full",
                            "model \"x\" for ann already exists (already exists)");
  INFO(err);
  const ScriptedJuju juju(std::string("echo 'ERROR ") + err + "' >&2; exit 1\n");
  const auto acted = juju_act(juju.access, {"add-model", "x"}, "adding x");
  REQUIRE_FALSE(acted);
  CHECK(juju.lines("calls").size() == 1);
  CHECK(acted.error().error.exit == (std::string_view(err).contains("moon") ? ExitCode::failed
                                     : std::string_view(err).contains("exists")
                                         ? ExitCode::refused
                                         : ExitCode::unknown));
}

TEST_CASE("juju's own locks are tried again") {
  const ScriptedJuju juju(
      "if [ -e second ]; then exit 0; fi; touch second; echo 'ERROR cannot acquire lock file to "
      "read: timeout acquiring mutex' >&2; exit 1\n");
  CHECK(juju_act(juju.access, {"add-model", "x"}, "adding x"));
  CHECK(juju.lines("calls").size() == 2);
}

TEST_CASE("cloud credentials are there for who asks, and nothing stays") {
  const ScriptedJuju juju("exit 0\n");
  CHECK(juju_act(juju.access, {"destroy-model", "x"}, "destroying x"));
  CHECK(std::ranges::count(juju.lines("files"), "credentials.yaml") == 0);
  CHECK(juju_act(juju.access, {"add-model", "x"}, "adding x",
                 {.credentials = true, .deadline = {}, .directory = {}}));
  CHECK(std::ranges::count(juju.lines("files"), "credentials.yaml") == 1);
  CHECK(fs::is_empty(juju.folder() / "private"));
}

TEST_CASE("an action ends at its deadline and nobody knows what it did") {
  const ScriptedJuju juju("exec sleep 60\n");
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
  const TempDir dir;
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
