#include <catch2/catch.hpp>

#include <algorithm>
#include <cstdlib>
#include <stdexcept>

#include "plugins/bzr/bzr_address.hpp"
#include "plugins/bzr/bzr_source.hpp"
#include "plugins/bzr/local_branch.hpp"
#include "tests/support/test_host.hpp"

#include <cdctl/child.hpp>
#include <cdctl/source.hpp>

using namespace cdctl;
using namespace cdctl::bzr;
using cdctl::test::TempDir;
using cdctl::test::TestHost;
namespace fs = std::filesystem;

namespace {

/// Keeps an environment variable at a value for a while.
class Variable {
 public:
  Variable(const char* name, const std::string& value) : name_(name) {
    if (const char* old = std::getenv(name)) old_ = old;
    ::setenv(name, value.c_str(), 1);
  }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;
  ~Variable() {
    if (old_)
      ::setenv(name_, old_->c_str(), 1);
    else
      ::unsetenv(name_);
  }

 private:
  const char* name_;
  std::optional<std::string> old_;
};

struct Bench {
  TempDir dir;
  Variable home{"BRZ_HOME", (fs::create_directories(dir.path() / "brz-home"),
                             (dir.path() / "brz-home").string())};
  TestHost host{dir.path() / "home"};
  BzrSource bzr{host};
  Deadline deadline{Millis(60'000)};

  std::string brz(std::vector<std::string> words, const fs::path& in) const {
    Program command;
    command.argv = {"brz"};
    command.argv.insert(command.argv.end(), words.begin(), words.end());
    command.directory = in;
    command.env = {{"BRZ_EMAIL", "Tester <tester@test>"}, {"BRZ_LOG", "/dev/null"}};
    command.deadline = Deadline(Millis(60'000));
    const auto finished = run(command);
    if (!finished || !finished->ok())
      throw std::runtime_error(finished ? words[0] + ": " + finished->err : finished.error().what);
    return finished->out.substr(0, finished->out.find('\n'));
  }
  fs::path branch(const std::string& name) const {
    brz({"init", "--quiet", name}, dir.path());
    return dir.path() / name;
  }
  /// Commits and returns the revision-id, as brz says it.
  std::string commit(const fs::path& in, const std::string& text) const {
    REQUIRE(write_file_atomically(in / "f", text));
    brz({"add", "--quiet"}, in);
    brz({"commit", "--quiet", "-m", text}, in);
    const auto info = brz({"revision-info"}, in);
    return info.substr(info.find(' ') + 1);
  }
  static SourceConfig source(const std::string& url) {
    return {"thumbs", "trunk", "bzr", url, Json::object()};
  }
  Result<SourceState> newest(const std::string& url) {
    const std::vector sources{source(url)};
    return std::move(bzr.newest(sources, deadline).front());
  }
};

#define SKIP_WITHOUT_BRZ()        \
  if (!find_program("brz")) {     \
    WARN("brz is not installed"); \
    return;                       \
  }

/// For as long as it lives no program is found, so that nothing can start brz in secret.
Variable nothing_to_start() { return {"PATH", "/nonexistent"}; }

}  // namespace

TEST_CASE("addresses of branches are checked") {
  const auto url = [](std::string_view text) {
    auto address = parse_address(text, "/etc/cdctl");
    return address ? (address->local ? "local " : "") + address->url
                   : "(" + address.error().what + ")";
  };
  CHECK(url("lp:~team/charms/trusty/x/next") == "lp:~team/charms/trusty/x/next");
  CHECK(url("bzr+ssh://me@h/x") == "bzr+ssh://me@h/x");
  CHECK(url("nosmart+http://h/x") == "nosmart+http://h/x");
  CHECK(url("file:///srv/x/") == "local /srv/x");
  CHECK(url("../x") == "local /etc/x");
  for (const std::string bad :
       {"", "-Dx", "lp:", "lp:-x", "ssh://h/x", "bzr+ssh://-oProxyCommand=x/y", "file://h/x", "x:y",
        "lp:a\nb", "ext::sh"}) {
    INFO(bad);
    CHECK(parse_address(bad, "/").error().exit == ExitCode::config);
  }
  const auto hidden = url("bzr+ssh://me:hunter2@h/x");
  CHECK(hidden.contains("a password may not stand"));
  CHECK_FALSE(hidden.contains("hunter2"));
  for (const std::string token : {"https://hunter2@h/x", "bzr+http://hunter2@h/x",
                                  "http://h/x?token=hunter2", "http://h/x#hunter2"}) {
    INFO(token);
    CHECK(url(token).contains("authentication.conf"));
    CHECK_FALSE(parse_address(token, "/").error().what.contains("hunter2"));
  }
}

TEST_CASE("a revision names one of the branch itself and nothing else") {
  CHECK(revision_spec("12") == "revno:12");
  CHECK(revision_spec("1.2.3") == "revno:1.2.3");
  CHECK(revision_spec("revid:a@b-1-x") == "revid:a@b-1-x");
  CHECK(revision_spec("a@b-20261123-x") == "revid:a@b-20261123-x");
  CHECK(revision_spec("v1.0") == "tag:v1.0");
  for (const std::string bad : {"", "-1", "1..3", "branch:/etc", "ancestor:x",
                                "revid:", "revid:a b", "a b", ".1", "date:today", "null:",
                                // brz reads what stands behind two dots as another revision
                                "revid:a@b-1-x..branch:/etc", "a@b-1-x..revid:y"}) {
    INFO(bad);
    CHECK(revision_spec(bad).error().exit == ExitCode::usage);
  }
}

TEST_CASE("the tip of a branch on this machine is read without starting brz") {
  SKIP_WITHOUT_BRZ();
  Bench bench;
  const auto trunk = bench.branch("trunk");
  bench.commit(trunk, "1");
  const auto second = bench.commit(trunk, "2");
  bench.brz({"init-shared-repo", "--quiet", "shared"}, bench.dir.path());
  bench.brz({"branch", "--quiet", "trunk", "shared/copy"}, bench.dir.path());
  bench.brz({"checkout", "--quiet", "--lightweight", "trunk", "light"}, bench.dir.path());
  bench.brz({"checkout", "--quiet", "--lightweight", "light", "lighter"}, bench.dir.path());
  const auto asked_brz = bench.brz({"revision-info", "-d", "lighter"}, bench.dir.path());
  CHECK(asked_brz == "2 " + second);
  const auto nothing = nothing_to_start();
  for (const auto* path : {"trunk", "shared/copy", "light", "lighter"}) {
    const auto state = bench.newest((bench.dir.path() / path).string());
    INFO(path);
    REQUIRE(state);
    CHECK(state->kind == "bzr");
    CHECK(state->revision == second);
    CHECK(state->number == 2);
  }
  CHECK(bench.newest("file://" + trunk.string())->revision == second);
  CHECK(bench.bzr.resolve(Bench::source(trunk.string()), "2", bench.deadline)->revision == second);
  CHECK(
      bench.bzr.resolve(Bench::source(trunk.string()), "revid:" + second, bench.deadline)->number ==
      2);
}

TEST_CASE("what brz alone can read it is asked for") {
  SKIP_WITHOUT_BRZ();
  Bench bench;
  const auto trunk = bench.branch("a branch, 100%");  // its reference needs escapes
  const auto first = bench.commit(trunk, "1");
  bench.brz({"checkout", "--quiet", "--lightweight", trunk.string(), "light"}, bench.dir.path());
  bench.brz({"init", "--quiet", "--format=knit", "old"}, bench.dir.path());
  const auto old = bench.commit(bench.dir.path() / "old", "old");
  CHECK(bench.newest((bench.dir.path() / "light").string())->revision == first);
  CHECK(bench.newest((bench.dir.path() / "old").string())->revision == old);
}

TEST_CASE("revisions are resolved by number, id and tag, and only those of the branch") {
  SKIP_WITHOUT_BRZ();
  Bench bench;
  const auto trunk = bench.branch("trunk");
  const auto first = bench.commit(trunk, "1");
  bench.brz({"tag", "--quiet", "v1"}, trunk);
  bench.commit(trunk, "2");
  const auto resolve = [&](const std::string& revision) {
    return bench.bzr.resolve(Bench::source(trunk.string()), revision, bench.deadline);
  };
  for (const auto& name : {std::string("1"), first, "revid:" + first, std::string("v1")}) {
    INFO(name);
    const auto state = resolve(name);
    REQUIRE(state);
    CHECK(state->revision == first);
    CHECK(state->number == 1);
  }
  for (const std::string name : {"77", "v2", "revid:nobody@nowhere-1"}) {
    const auto state = resolve(name);
    INFO(name);
    REQUIRE_FALSE(state);
    CHECK(state.error().exit == ExitCode::failed);
    CHECK(state.error().what.contains("it has no such revision"));
  }
}

TEST_CASE("checkouts are writable trees at exactly their revisions, many at once") {
  SKIP_WITHOUT_BRZ();
  Bench bench;
  const auto trunk = bench.branch("trunk");
  const auto first = bench.commit(trunk, "1");
  const auto second = bench.commit(trunk, "2");
  const auto at = [&](const std::string& name) { return bench.dir.path() / "out" / name; };
  fs::create_directories(at("empty"));
  const auto source = Bench::source(trunk.string());
  const std::vector<CheckoutRequest> requests{{source, first, at("one")},
                                              {source, second, at("empty")},
                                              {source, "nobody@nowhere-1", at("none")},
                                              {Bench::source("/nonexistent"), first, at("nowhere")},
                                              {source, "a b", at("bad")},
                                              {source, second, at("two")}};
  const auto done = bench.bzr.checkout_all(requests, bench.deadline);
  REQUIRE(done.size() == requests.size());
  for (const auto i : {0, 1, 5}) {
    INFO((done[i] ? "" : done[i].error().what));
    REQUIRE(done[i]);
  }
  CHECK(read_file(at("one") / "f") == "1");
  CHECK(read_file(at("empty") / "f") == "2");
  CHECK(read_tree_revision(at("one")) == first);
  CHECK(write_file_atomically(at("two") / "f", "mine"));
  CHECK(read_file(trunk / "f") == "2");
  CHECK(done[2].error().exit == ExitCode::failed);
  CHECK(done[2].error().what.contains("it has no such revision"));
  CHECK(done[3].error().what.contains("there is no bzr branch"));
  CHECK(done[4].error().exit == ExitCode::usage);
  for (const auto* name : {"none", "nowhere", "bad"}) CHECK_FALSE(fs::exists(at(name)));
}

TEST_CASE("each kind of trouble with a branch has its own words") {
  SKIP_WITHOUT_BRZ();
  Bench bench;
  fs::create_directories(bench.dir.path() / "folder");
  bench.branch("empty");
  bench.brz({"init-shared-repo", "--quiet", "shared"}, bench.dir.path());
  const auto good = bench.branch("good");
  const auto revision = bench.commit(good, "1");
  const auto path = [&](const char* name) {
    return Bench::source((bench.dir.path() / name).string());
  };
  const std::vector<SourceConfig> sources{
      path("nothing"),      path("folder"),
      path("empty"),        path("shared"),
      Bench::source("-Dx"), Bench::source("bzr://127.0.0.1:1/x"),
      path("good"),         Bench::source("http://127.0.0.1:1/x")};
  const std::vector<std::string> says{"there is nothing at this path",
                                      "there is no bzr branch",
                                      "the branch is empty",
                                      "only a repository",
                                      "starts with a dash",
                                      "the server cannot be reached",
                                      "",
                                      "the server cannot be reached"};
  const auto answers = bench.bzr.newest(sources, bench.deadline);
  REQUIRE(answers.size() == sources.size());
  for (std::size_t i = 0; i < says.size(); ++i) {
    INFO(i);
    if (says[i].empty()) {
      CHECK(answers[i]->revision == revision);
      continue;
    }
    REQUIRE_FALSE(answers[i]);
    INFO(answers[i].error().what);
    CHECK(answers[i].error().what.contains(says[i]));
    CHECK(answers[i].error().exit == (i == 4 ? ExitCode::config : ExitCode::unknown));
    CHECK(answers[i].error().transient == says[i].contains("reached"));
    CHECK_FALSE(answers[i].error().what.contains('\n'));
  }
}

TEST_CASE("without brz the error says how to get it") {
  Bench bench;
  const auto nothing = nothing_to_start();
  const auto state = bench.newest("lp:x");
  REQUIRE_FALSE(state);
  CHECK(state.error().exit == ExitCode::unknown);
  CHECK(state.error().what.contains("apt install brz"));
}

TEST_CASE("commits of a branch tell who wrote what, and what lies between two revisions") {
  SKIP_WITHOUT_BRZ();
  Bench bench;
  const auto trunk = bench.branch("trunk");
  const auto one = bench.commit(trunk, "one"), two = bench.commit(trunk, "two");
  const auto three = bench.commit(trunk, "three");
  const auto source = Bench::source(trunk.string());
  Source* const role = &bench.bzr;
  auto* const log = dynamic_cast<CommitLog*>(role);
  REQUIRE(log);
  const auto known =
      log->known(std::vector<CommitQuestion>{{source, two}, {source, "nope"}}, bench.deadline);
  REQUIRE(known[0]);
  CHECK(known[0]->subject == "two");
  CHECK(known[0]->author == "Tester");
  CHECK(known[0]->number == 2);
  CHECK(known[0]->at > now() - std::chrono::hours(1));
  CHECK_FALSE(known[1]);

  const auto there = log->between(source, one, three, 100, bench.deadline);
  REQUIRE(there);
  REQUIRE(there->added.size() == 2);
  CHECK(there->added[0].subject == "three");
  CHECK(there->added[1].revision == two);
  CHECK((there->removed.empty() && there->left_out == 0));
  const auto back = log->between(source, three, two, 100, bench.deadline);
  REQUIRE(back);
  CHECK(back->added.empty());
  REQUIRE(back->removed.size() == 1);
  CHECK(back->removed[0].revision == three);
  const auto few = log->between(source, one, three, 1, bench.deadline);
  REQUIRE(few);
  CHECK(few->added.size() == 1);
  CHECK(few->left_out == -1);
  const auto gone = log->between(source, "nope", three, 100, bench.deadline);
  REQUIRE_FALSE(gone);
  CHECK(gone.error().exit == ExitCode::failed);
  CHECK(gone.error().what.contains("does not have nope any more"));
}
