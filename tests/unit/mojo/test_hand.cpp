#include <catch2/catch.hpp>

#include <cstdlib>

#include <sys/stat.h>

#include <fmt/format.h>

#include "plugins/mojo/manifest/plan.hpp"
#include "plugins/mojo/run/selection.hpp"
#include "plugins/mojo/spec/address.hpp"
#include "plugins/mojo/spec/project.hpp"
#include "tests/support/git_repo.hpp"
#include "tests/support/mojo_stand.hpp"
#include "tests/support/test_host.hpp"

using namespace cdctl;
using namespace cdctl::mojo;
using cdctl::test::GitRepo;
using cdctl::test::TempDir;
using cdctl::test::TestHost;
namespace fs = std::filesystem;

namespace {

Plan plan_of(const std::string& manifest, const std::map<std::string, std::string>& files = {}) {
  static TempDir dir;
  const auto top = dir.path() / "spec";
  fs::create_directories(top);
  for (const auto& [name, text] : files) REQUIRE(write_file_atomically(top / name, text));
  const Stage stage(top, "");
  PlanOptions options{
      stage, {}, [](const std::string&) { return std::optional<std::string>("x"); }};
  options.check_files = false;
  return plan_text(options, manifest, "manifest");
}

std::string chosen(const Plan& plan, const Selection& selection,
                   const std::vector<Json>& journal = {}) {
  const auto steps = select_steps(plan, selection, journal);
  if (!steps) return steps.error().what;
  std::string out;
  for (const auto& step : *steps)
    out += fmt::format("{}{} ", step.path == "manifest" ? "" : step.path + ":", step.line);
  return out;
}

Json journal_line(const char* path, int line, const char* state) {
  return Json::object({{"phase", "sleep"}, {"path", path}, {"line", line}, {"state", state}});
}

/// Options as a command line would give them, and none of the caller's MOJO_*.
Result<RunSettings> settings(std::map<std::string, std::vector<std::string>, std::less<>> options) {
  for (const auto* name :
       {"MOJO_ROOT", "MOJO_PROJECT", "MOJO_SERIES", "MOJO_STAGE", "MOJO_WORKSPACE", "MOJO_SPEC"})
    ::unsetenv(name);
  Arguments args;
  args.options = std::move(options);
  return run_settings(args);
}

}  // namespace

TEST_CASE("steps are chosen by line, by line of an include, and by how the last run ended") {
  const auto plan =
      plan_of("# first\nsleep config=1\nsleep config=2\ninclude config=common\n\nsleep config=6\n",
              {{"common", "sleep config=1\nsleep config=2\n"}});
  REQUIRE(plan.problems.empty());
  CHECK(chosen(plan, {}) == "2 3 common:1 common:2 6 ");
  CHECK(chosen(plan, {"3", "", {}}) == "3 common:1 common:2 6 ");
  CHECK(chosen(plan, {"common:2", "", {}}) == "common:2 6 ");
  CHECK(chosen(plan, {"", "common:1", {}}) == "2 3 common:1 ");
  CHECK(chosen(plan, {"3", "common:1", {}}) == "3 common:1 ");
  CHECK(chosen(plan, {"", "", {"6", "2"}}) == "2 6 ");
  CHECK(chosen(plan, {"6", "2", {}}).contains("--until comes before --from"));
  CHECK(chosen(plan, {"4", "", {}}) ==
        "manifest has no phase at line 4; the next one is line 6, sleep");
  CHECK(chosen(plan, {"99", "", {}}) == "manifest has no phase at line 99");
  CHECK(chosen(plan, {"six", "", {}}).contains("'six' is no line of the manifest"));
  CHECK(chosen(plan, {"0", "", {}}).contains("is no line"));
  CHECK(chosen(plan, {"-1", "", {}}).contains("is no line"));

  CHECK(chosen(plan, {"failed", "", {}}).contains("the last run in this workspace did not fail"));
  CHECK(chosen(plan, {"", "2", {"6"}}).contains("no line of --only is between"));
  const auto done = journal_line("manifest", 2, "done");
  CHECK(chosen(plan, {"failed", "", {}}, {done, journal_line("common", 1, "running")}) ==
        "common:1 common:2 6 ");
  CHECK(chosen(plan, {"failed", "", {}},
               {done, journal_line("manifest", 3, "running"),
                journal_line("manifest", 3, "failed")}) == "3 common:1 common:2 6 ");
  CHECK(chosen(plan, {"failed", "", {}}, {journal_line("manifest", 3, "done")}) ==
        "common:1 common:2 6 ");
  const auto end = [](const char* how) { return Json::object({{"run", how}}); };
  CHECK(chosen(plan, {"failed", "", {}},
               {done, journal_line("manifest", 3, "failed"), end("failed")}) ==
        "3 common:1 common:2 6 ");
  CHECK(chosen(plan, {"failed", "", {}}, {done, end("ended")}) == "3 common:1 common:2 6 ");
  CHECK(chosen(plan, {"failed", "", {}}, {journal_line("manifest", 6, "done")}).empty());
  CHECK(chosen(plan, {"failed", "", {}}, {done, end("complete")}).contains("did not fail"));
}

TEST_CASE("names that would not do in a path are refused") {
  const std::string too_long(129, 'a');
  for (const std::string& name :
       {std::string(".."), std::string(".hidden"), std::string("a/b"), std::string("-x"),
        std::string("LOCAL"), std::string("a b"), std::string("ä"), too_long}) {
    INFO(name);
    CHECK_FALSE(settings({{"project", {name}}}));
    CHECK_FALSE(settings({{"series", {name}}}));
  }
  CHECK_FALSE(settings({{"stage", {"../up"}}}));
  const auto fine = settings({{"mojo-root", {"/srv/mojo"}},
                              {"project", {"thumbs"}},
                              {"series", {"noble"}},
                              {"stage", {"lp/qa/"}}});
  REQUIRE(fine);
  CHECK(fine->series_folder() == "/srv/mojo/thumbs/noble");
  CHECK(fine->who.stage == "lp/qa");
  CHECK(need_workspace(*fine).error().what ==
        "no workspace given: name it after the SPEC, or set MOJO_WORKSPACE");
}

TEST_CASE("options win over MOJO_ variables") {
  REQUIRE(settings({}));
  ::setenv("MOJO_PROJECT", "one", 1);
  ::setenv("MOJO_SERIES", "noble", 1);
  Arguments args;
  args.options["project"] = {"two"};
  const auto both = run_settings(args);
  REQUIRE(both);
  CHECK(both->who.project == "two");
  CHECK(both->who.series == "noble");
  REQUIRE(settings({}));
}

TEST_CASE("a project is made once, and one of containers is refused") {
  TempDir dir;
  auto mine = settings(
      {{"mojo-root", {dir.path().string()}}, {"project", {"thumbs"}}, {"series", {"noble"}}});
  REQUIRE(mine);
  CHECK(make_project(*mine, "lxc").error().exit == ExitCode::config);
  CHECK(make_project(*mine, "").value());
  CHECK_FALSE(make_project(*mine, "containerless").value());
  const auto project = Json::parse(read_file(dir.path() / "thumbs/noble/.project").value());
  REQUIRE(project);
  CHECK((*project)["container_class"].view() == "containerless");
  CHECK((*project)["project_root"].view() == (dir.path() / "thumbs").string());
  struct stat info{};
  REQUIRE(::stat((dir.path() / "LOCAL/thumbs").c_str(), &info) == 0);
  CHECK((info.st_mode & 0777) == 0700);
  REQUIRE(write_file_atomically(dir.path() / "thumbs/noble/.project",
                                "{\"container_class\":\"lxd\"}\n"));
  CHECK(check_project(*mine).error().exit == ExitCode::refused);
  REQUIRE(write_file_atomically(dir.path() / "thumbs/noble/.project", "no json\n"));
  CHECK(check_project(*mine).error().exit == ExitCode::config);
}

TEST_CASE("a spec is a folder, a git address or a Breezy address") {
  TempDir dir;
  CHECK(parse_spec_address(dir.path().string())->kind == "folder");
  const auto git = parse_spec_address("git+https://host/spec.git;branch=main");
  REQUIRE(git);
  CHECK(git->kind == "git");
  CHECK(git->url == "https://host/spec.git");
  CHECK(git->branch == "main");
  CHECK(parse_spec_address("https://host/spec.git")->kind == "git");
  CHECK(parse_spec_address("lp:~team/thumbs/spec")->kind == "bzr");
  for (const std::string text : {"", "-x", "no/such/folder", "/no/such/folder", "lp:x;branch=y",
                                 "https://h/x;branch=", "a\nb:c"}) {
    INFO(text);
    const auto refused = parse_spec_address(text);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().exit == ExitCode::usage);
  }
}

TEST_CASE(
    "a folder's revision follows what is in it, links and modes included, and not its version "
    "control") {
  TempDir dir;
  TestHost host(dir.path() / "home");
  const GitRepo repo(dir.path() / "spec");
  repo.write("run", "#!/bin/sh\n", true);
  fs::create_symlink("run", repo.path() / "link");
  repo.commit_all("one");
  int number = 0;
  const auto revision = [&] {
    const auto into = dir.path() / fmt::format("copy{}", ++number);
    const auto state =
        fetch_spec(host, *parse_spec_address(repo.url()), into, Deadline(Millis(10'000)));
    REQUIRE(state);
    CHECK(fs::is_symlink(into / "link"));
    return state->revision;
  };
  const auto first = revision();
  repo.commit_all("nothing but a commit");
  CHECK(revision() == first);
  fs::permissions(repo.path() / "run", fs::perms::owner_read);
  CHECK(revision() != first);
  fs::permissions(repo.path() / "run", fs::perms::owner_all);
  CHECK(revision() == first);
  fs::remove(repo.path() / "link");
  fs::create_symlink("./run", repo.path() / "link");
  CHECK(revision() != first);
}

TEST_CASE("a journal with a half last line is read up to there") {
  TempDir dir;
  const Workspace workspace(dir.path());
  REQUIRE(make_directories(workspace.log, 0700));
  CHECK(read_journal(workspace).empty());
  REQUIRE(append_journal(workspace, journal_line("m", 1, "done")));
  REQUIRE(append_journal(workspace, journal_line("m", 2, "running")));
  REQUIRE(write_file_atomically(
      workspace.log / "phases.ndjson",
      read_file(workspace.log / "phases.ndjson").value() + "{\"path\":\"m\",\"li", 0600));
  const auto journal = read_journal(workspace);
  REQUIRE(journal.size() == 2);
  CHECK(journal[1]["line"].as_int() == 2);
}
