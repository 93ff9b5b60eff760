#include <catch2/catch.hpp>

#include <cstdlib>

#include <cdctl/fs.hpp>
#include <cdctl/roles.hpp>
#include <cdctl/stop.hpp>

#include "core/land/seal.hpp"
#include "core/land/test_run.hpp"
#include "core/land/verify.hpp"
#include "support/fake_service.hpp"

using namespace cdctl;
using namespace std::chrono_literals;
using Catch::Matchers::Contains;

namespace {

/// A forge whose CI says what the test wants it to, and what it was asked.
class FakeForge final : public Forge {
 public:
  std::map<std::string, std::vector<CommitStatus>> said;  ///< by commit
  std::optional<Error> trouble;
  int asked = 0;
  std::function<void()> each_time = [] {};

 protected:
  std::vector<Result<std::vector<Proposal>>> do_proposals(std::span<const TargetConfig* const>,
                                                          const Deadline&) override {
    return {};
  }
  Result<ProposeAnswer> do_propose(const TargetConfig&, const ProposeRequest&,
                                   const Deadline&) override {
    return fail("not here");
  }
  Result<ReviewAnswer> do_review(const TargetConfig&, const ReviewRequest&,
                                 const Deadline&) override {
    return fail("not here");
  }
  Result<bool> do_report(const TargetConfig&, const std::string&, const ProposalReport&,
                         const Deadline&) override {
    return false;
  }
  Result<std::vector<CommitStatus>> do_statuses(const TargetConfig&, const std::string& commit,
                                                const Deadline&) override {
    ++asked;
    each_time();
    if (trouble) return fail(*trouble);
    return said[commit];
  }
  Result<bool> do_clear(const TargetConfig&, const std::string&, const std::string&,
                        const Deadline&) override {
    return false;
  }
};

/// Commits are named by what is in them, and by when they were made.
class FakeRepository final : public Repository {
 public:
  std::map<std::string, std::string> staged;
  std::vector<std::string> shown;

 protected:
  Result<MergeAnswer> do_merge(const TargetConfig&, const MergeRequest& request,
                               const Deadline&) override {
    const auto base = request.onto.empty() ? std::string("base") : request.onto;
    return MergeAnswer{base,
                       false,
                       {},
                       base + "+" + request.head + "@" + to_rfc3339(request.at),
                       "tree of " + base + "+" + request.head};
  }
  Result<> do_checkout(const TargetConfig&, const std::string&, const std::filesystem::path& into,
                       const Deadline&) override {
    std::filesystem::create_directories(into);
    return {};
  }
  Result<> do_stage(const TargetConfig&, const std::string& ref, const std::string& commit,
                    const Deadline&) override {
    if (commit.empty())
      staged.erase(ref);
    else
      staged[ref] = commit, shown.push_back(commit);
    return {};
  }
  Result<LandAnswer> do_land(const TargetConfig&, const LandRequest&, const Deadline&) override {
    return fail("not here");
  }
};

struct Stand {
  test::TempDir home;
  test::KeptOutput out;
  app::Context context{{}, out};
  FakeForge forge;
  FakeRepository repository;

  explicit Stand(Millis limit = 30s) {
    ::setenv("CDCTL_HOME", home.path().c_str(), 1);
    Config config;
    config.file = home.path() / "cdctl.toml";
    auto& target = config.targets.emplace_back();
    target.name = "main";
    target.forge = "fake";
    target.repository = "/nowhere";
    target.verify.statuses = {"ci/build"};
    target.verify.limit = limit;
    context.use_config(std::move(config));
    context.use<Forge>("fake", forge);
    context.use<Repository>("git", repository);
  }
  ~Stand() { ::unsetenv("CDCTL_HOME"); }

  /// What a gate of this home lets through.
  std::vector<records::Candidate> gated(const std::vector<std::string>& names) {
    const auto key = land::seal_key(context);
    if (!key) FAIL(key.error().what);
    std::vector<records::Candidate> all;
    for (const auto& name : names) {
      auto& one = all.emplace_back();
      one.target = "main";
      one.kind = "git";
      one.proposal = one.head = name;
      one.verdict = "ready";
      land::seal_for_verify(context, *key, context.config().targets[0], one);
    }
    return all;
  }
  std::vector<records::Candidate> verify(const std::vector<std::string>& names) {
    return take(gated(names));
  }
  std::vector<records::Candidate> take(std::vector<records::Candidate> candidates,
                                       bool trust_record = false) {
    std::vector<records::Candidate> said;
    land::Verifier verifier(context, {false, 1, 10s, trust_record},
                            [&](const records::Candidate& one) { said.push_back(one); });
    const auto done = verifier.verify(std::move(candidates));
    if (!done) FAIL(done.error().what);
    return said;
  }
  /// The CI does its work on what it is shown, from the `at`th look on.
  void ci_says(CommitStatus::State state, int at = 2) {
    forge.each_time = [this, state, at] {
      if (forge.asked < at) return;
      for (const auto& commit : repository.shown)
        forge.said[commit] = {{"ci/build", state, "by the CI", ""}};
    };
  }
};

}  // namespace

TEST_CASE("the named statuses decide, on exactly the commit that would land", "[land]") {
  Stand s;
  s.ci_says(CommitStatus::State::passed);
  const auto said = s.verify({"a"});
  REQUIRE(said.size() == 1);
  CHECK(said[0].verdict == "verified");
  CHECK(s.repository.shown == std::vector<std::string>{said[0].commit});
  CHECK(s.repository.staged.empty());  // its branch is gone
}

TEST_CASE("a status that failed is why", "[land]") {
  Stand s;
  s.forge.said["base"] = {{"ci/build", CommitStatus::State::passed, "", ""}};
  s.ci_says(CommitStatus::State::failed);
  const auto said = s.verify({"a"});
  CHECK(said[0].verdict == "rejected");
  CHECK(said[0].why == "statuses: ci/build failed: by the CI");
  CHECK(s.repository.staged.empty());
}

TEST_CASE("complaints 17 and 18: a status that nobody sets is no pass, and nobody waits for ever",
          "[land]") {
  Stand s(1500ms);
  s.forge.each_time = [&] {
    for (const auto& commit : s.repository.shown)
      s.forge.said[commit] = {{"another", CommitStatus::State::passed, "", ""}};
  };
  const auto said = s.verify({"a"});
  CHECK(said[0].verdict == "waiting");
  CHECK_THAT(said[0].why, Contains("ci/build was not set by anybody"));
  CHECK(s.repository.staged.empty());
  CHECK(s.context.exit_code() == 0);
}

TEST_CASE("complaint 7: the head of the queue has a check that never ends, and holds up nobody",
          "[land]") {
  Stand s(1500ms);
  s.forge.each_time = [&] {
    for (const auto& commit : s.repository.shown)
      if (commit.find("+a@") == std::string::npos)
        s.forge.said[commit] = {{"ci/build", CommitStatus::State::passed, "", ""}};
  };
  auto said = s.verify({"a", "b"});
  REQUIRE(said.size() == 2);
  CHECK((said[0].proposal == "a" && said[0].verdict == "waiting"));
  CHECK((said[1].proposal == "b" && said[1].verdict == "verified"));
  said = s.verify({"a", "c"});  // the next run has it behind the others
  CHECK((said[0].proposal == "c" && said[0].verdict == "verified"));
  CHECK((said[1].proposal == "a" && said[1].verdict == "waiting"));
}

TEST_CASE("complaint 6: each candidate has a branch of its own, and a run that was killed goes on",
          "[land]") {
  Stand s(600ms);
  const auto first = s.verify({"a", "b"});
  CHECK(s.repository.shown.size() == 2);
  CHECK(s.repository.shown[0] != s.repository.shown[1]);
  s.ci_says(CommitStatus::State::passed, 0);
  const auto again = s.verify({"a"});
  CHECK(again[0].verdict == "verified");
  CHECK(again[0].commit == first[0].commit);  // and no twin of a second later
  CHECK(s.repository.shown.size() == 2);      // nor shown once more: it had passed by then
}

TEST_CASE("a CI that cannot be asked decides nothing", "[land]") {
  Stand s(700ms);
  s.forge.trouble = Error{ExitCode::unknown, "the forge is down"};
  const auto said = s.verify({"a"});
  CHECK(said[0].verdict == "deferred");
  CHECK_THAT(said[0].why, Contains("the forge is down"));
  s.forge.trouble = Error{ExitCode::usage, "no statuses on a forge of kind 'fake'"};
  const auto other = s.verify({"b"});
  CHECK(other[0].verdict == "deferred");
  CHECK(s.context.exit_code() == 4);
}

TEST_CASE("the command goes first, and a status is asked for only when it has passed", "[land]") {
  Stand s;
  auto config = s.context.config();
  config.targets[0].verify.command = "exit 3";
  s.context.use_config(config);
  const auto said = s.verify({"a"});
  CHECK(said[0].verdict == "deferred");  // the target itself fails by this command
  CHECK(s.forge.asked == 0);
  config.targets[0].verify.command = "true";
  s.context.use_config(config);
  s.ci_says(CommitStatus::State::passed);
  CHECK(s.verify({"a"})[0].verdict == "verified");
}

TEST_CASE("what is verified is sealed with its batch and its home", "[land]") {
  Stand s;
  auto config = s.context.config();
  config.targets[0].verify.statuses.clear();
  config.targets[0].verify.command = "true";
  config.targets[0].batch = 4;
  s.context.use_config(config);
  const auto said = s.verify({"a", "b"});
  REQUIRE(said.size() == 2);
  CHECK(said[0].batch == std::vector<std::string>{"a", "b"});
  CHECK(said[0].tip == said[1].commit);
  const auto key = land::seal_key(s.context);
  REQUIRE(key);
  CHECK(land::seal_holds(*key, land::Stage::verify, s.context.config().targets[0], said[0]));
  for (const auto& change : std::vector<std::function<void(records::Candidate&)>>{
           [](auto& one) { one.batch = {"a"}; }, [](auto& one) { one.tip += "x"; },
           [](auto& one) { one.home += "x"; }}) {
    auto other = said[0];
    change(other);
    CHECK_FALSE(land::seal_holds(*key, land::Stage::verify, s.context.config().targets[0], other));
  }
}

TEST_CASE("verify takes no word but that of a gate that has the key, and runs nothing else",
          "[land]") {
  Stand s;
  auto config = s.context.config();
  config.targets[0].verify.statuses.clear();
  config.targets[0].verify.command = "true";
  s.context.use_config(config);
  const auto good = s.gated({"a"});
  CHECK(s.take(good).size() == 1);
  for (const auto& change : std::vector<std::function<void(records::Candidate&)>>{
           [](auto& one) { one.seal.clear(); }, [](auto& one) { one.head = "b"; },
           [](auto& one) { one.ref = "refs/heads/b"; }, [](auto& one) { one.url = "/another"; },
           [](auto& one) { one.title = "x"; }, [](auto& one) { one.description = "x"; },
           [](auto& one) { one.authors = {{"x", "x@x"}}; },
           [](auto& one) { one.reviewers = {"mallory"}; },
           [](auto& one) { one.votes = {{"mallory", "Approve", "a", true, "", {}}}; },
           [](auto& one) { one.after = {{"b", "landed"}}; },
           [](auto& one) { one.verdict = "merged"; }}) {
    auto other = good;
    change(other[0]);
    const auto reported = s.out.lines.size();
    CHECK(s.take(other).empty());
    CHECK(s.out.lines.size() == reported + 1);
  }
  CHECK(s.context.exit_code() == 5);
  CHECK_THAT(s.out.lines.front(), Contains("main: a: no gate has let it through"));
}

TEST_CASE("the gate of another home is believed by its key, and where that is asked for",
          "[land]") {
  Stand s;
  auto config = s.context.config();
  config.targets[0].verify.statuses.clear();
  config.targets[0].verify.command = "true";
  s.context.use_config(config);
  const auto key = land::seal_key(s.context);
  REQUIRE(key);
  auto one = s.gated({"a"});
  one[0].home = "web2:/var/lib/cdctl";
  one[0].seal = land::seal_of(*key, land::Stage::gate, config.targets[0], one[0]);
  CHECK(s.take(one).empty());
  CHECK_THAT(s.out.lines.back(), Contains("the gate of web2:/var/lib/cdctl has let it through"));
  const auto trusting = land::Verifier(s.context, {false, 1, 10s, true}, [](const auto&) {
                        }).verify(one);  // there is no key that another home could have
  REQUIRE_FALSE(trusting);
  CHECK(trusting.error().exit == ExitCode::config);
  config.table.set("land", Json::object({{"key_file", "land.key"}}));
  REQUIRE(write_file_atomically(s.home.path() / "land.key", *key, 0600));
  s.context.use_config(config);
  const auto said = s.take(one, true);
  REQUIRE(said.size() == 1);
  CHECK(said[0].verdict == "verified");
  CHECK(said[0].home == land::home_name(s.context));
}
