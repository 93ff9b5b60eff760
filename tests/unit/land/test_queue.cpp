#include <catch2/catch.hpp>

#include <functional>
#include <set>

#include "core/land/target_queue.hpp"

using namespace cdctl;
using Catch::Matchers::Contains;

namespace {

/// A target whose commits are the names of the proposals in them: `base a b`.
struct Bench {
  TargetConfig target;
  std::set<std::string> bad;                     ///< a commit with one of these fails
  std::set<std::string> unsure;                  ///< the command could not tell
  std::map<std::string, std::string> conflicts;  ///< with which other
  std::set<std::string> later;                   ///< ends when it is told to
  bool red = false;                              ///< the target itself fails
  std::set<std::string> mends;                   ///< but not with these
  std::vector<records::Candidate> said;
  std::vector<std::string> tested, overdue;
  std::size_t most_at_once = 0, at_once = 0, abandoned = 0;

  class FakeTest final : public land::Test {
   public:
    FakeTest(Bench& bench, std::string commit) : bench_(bench), commit_(std::move(commit)) {
      bench_.most_at_once = std::max(bench_.most_at_once, ++bench_.at_once);
    }
    ~FakeTest() override {
      if (!end_) --bench_.at_once;
    }
    void step() override {
      if (end_ || ++steps_ < 3) return;
      end_.emplace();
      --bench_.at_once;
      end_->kind = land::TestEnd::Kind::passed;
      const auto has = [&](const std::set<std::string>& names) {
        return std::ranges::any_of(names, [&](const std::string& name) {
          return (commit_ + " ").find(" " + name + " ") != std::string::npos;
        });
      };
      if ((bench_.red && !has(bench_.mends)) || has(bench_.bad)) {
        end_->kind = land::TestEnd::Kind::failed;
        end_->why = "tests: exit status 1";
      }
      if (has(bench_.unsure)) {
        end_->kind = land::TestEnd::Kind::unsure;
        end_->why = "75";
      }
      if (has(bench_.later)) {
        end_->kind = land::TestEnd::Kind::waiting;
        end_->why = "statuses: ci is pending";
      }
    }
    const land::TestEnd* end() const override { return end_ ? &*end_ : nullptr; }
    void cancel() override {}

   private:
    Bench& bench_;
    std::string commit_;
    int steps_ = 0;
    std::optional<land::TestEnd> end_;
  };

  /// Runs them all to their end; gives the verdicts in the order they were said.
  std::string run(const std::vector<std::string>& names, std::size_t jobs = 1,
                  const std::map<std::string, std::string>& after = {}) {
    std::vector<records::Candidate> candidates;
    for (const auto& name : names) {
      auto& one = candidates.emplace_back();
      one.target = "main";
      one.proposal = name;
      one.verdict = "ready";
      if (after.contains(name)) one.after.push_back({after.at(name), "open"});
    }
    land::QueueHelp help;
    help.merge = [&](records::Candidate& one, const std::string& onto) {
      one.base = onto.empty() ? "base" : onto;
      const auto with = conflicts.find(one.proposal);
      if (with != conflicts.end() &&
          (with->second == "base" || (one.base + " ").contains(" " + with->second + " "))) {
        one.conflicts = {"file"};
        return;
      }
      one.commit = one.base + " " + one.proposal;
      one.tree = "tree of " + one.commit;
    };
    help.begin = [&](const land::TestSubject& subject) {
      tested.push_back(subject.commit);
      return std::make_unique<FakeTest>(*this, subject.commit);
    };
    help.abandon = [&](std::unique_ptr<land::Test>) { ++abandoned; };
    help.say = [&](records::Candidate one) { said.push_back(std::move(one)); };
    help.overdue = [&](const records::Candidate& one) { overdue.push_back(one.proposal); };
    land::TargetQueue queue(target, std::move(candidates), std::move(help));
    for (int rounds = 0; !queue.done(); ++rounds) {
      REQUIRE(rounds < 10'000);
      std::size_t under_way = 0;
      for (const auto* test : queue.tests()) under_way += test->end() ? 0 : 1;
      (void)queue.step(jobs - std::min(jobs, under_way), jobs);
    }
    std::string out;
    for (const auto& one : said) out += one.proposal + ":" + one.verdict + " ";
    return out;
  }
  const records::Candidate& of(const std::string& name) const {
    return *std::ranges::find(said, name, &records::Candidate::proposal);
  }
};

std::vector<std::string> many(std::size_t count) {
  std::vector<std::string> out;
  for (std::size_t i = 0; i < count; ++i) out.push_back("p" + std::to_string(i));
  return out;
}

}  // namespace

TEST_CASE("candidates are tested one on the other, and one that fails is left out", "[land]") {
  Bench bench;
  bench.bad = {"b"};
  CHECK(bench.run({"a", "b", "c"}) == "a:verified b:rejected c:verified ");
  CHECK(bench.tested == std::vector<std::string>{"base a", "base a b", "base a c"});
  CHECK(bench.of("a").batch.empty());
  CHECK(bench.of("a").tip.empty());
}

TEST_CASE("a batch is tested as one, and says so", "[land]") {
  Bench bench;
  bench.target.batch = 4;
  CHECK(bench.run({"a", "b", "c", "d", "e"}) ==
        "a:verified b:verified c:verified d:verified e:verified ");
  CHECK(bench.tested == std::vector<std::string>{"base a b c d", "base a b c d e"});
  CHECK(bench.of("b").batch == std::vector<std::string>{"a", "b", "c", "d"});
  CHECK(bench.of("b").tip == "base a b c d");
  CHECK(bench.of("b").commit == "base a b");
  CHECK(bench.of("e").batch.empty());
}

TEST_CASE("one culprit costs at most log2(n)+1 further tests", "[land]") {
  for (const std::size_t size : {2U, 4U, 8U, 16U, 64U}) {
    std::size_t bound = 1;
    for (auto left = size; left > 1; left /= 2) ++bound;
    for (std::size_t culprit = 0; culprit < size; ++culprit) {
      Bench bench;
      bench.target.batch = size;
      bench.bad = {"p" + std::to_string(culprit)};
      (void)bench.run(many(size));
      INFO(size << " " << culprit);
      // the batch, the halving, and those behind the culprit once more
      const std::size_t rest = culprit + 1 == size ? 0 : 1;
      CHECK(bench.tested.size() <= 1 + bound + rest);
      for (const auto& one : bench.said)
        CHECK(one.verdict == (one.proposal == *bench.bad.begin() ? "rejected" : "verified"));
      CHECK(bench.said.size() == size);
    }
  }
}

TEST_CASE("a hundred proposals, three of them bad, in batches of 16 take at most 45 tests",
          "[land]") {
  for (const auto& bad : std::vector<std::set<std::string>>{{"p0", "p1", "p2"},
                                                            {"p5", "p50", "p95"},
                                                            {"p15", "p31", "p47"},
                                                            {"p97", "p98", "p99"}}) {
    Bench bench;
    bench.target.batch = 16;
    bench.bad = bad;
    (void)bench.run(many(100));
    CHECK(bench.tested.size() <= 45);
    CHECK(std::ranges::count(bench.said, "rejected", &records::Candidate::verdict) == 3);
    CHECK(std::ranges::count(bench.said, "verified", &records::Candidate::verdict) == 97);
  }
}

TEST_CASE("two that fail in one batch are both found, and nobody else goes with them", "[land]") {
  Bench bench;
  bench.target.batch = 8;
  bench.bad = {"p2", "p5"};
  (void)bench.run(many(8));
  for (const auto& one : bench.said)
    CHECK(one.verdict == (bench.bad.contains(one.proposal) ? "rejected" : "verified"));
}

TEST_CASE("what mends a red target goes before the others, which pass with it", "[land]") {
  for (const std::size_t batch : {1, 4}) {
    for (const std::size_t jobs : {1, 3}) {
      Bench bench;
      bench.target.batch = batch;
      bench.red = true;
      bench.mends = {"fix"};
      bench.bad = {"bad"};
      CHECK(bench.run({"w1", "bad", "w2", "fix", "w3"}, jobs, {{"w2", "w1"}}) ==
            "fix:verified w1:verified bad:rejected w2:verified w3:verified ");
      CHECK(bench.of("fix").base == "base");
      CHECK(bench.of("w1").commit == "base fix w1");
    }
  }
}

TEST_CASE("what conflicts with the target itself is not said to wait for what is ahead", "[land]") {
  Bench bench;
  bench.conflicts = {{"b", "base"}, {"c", "a"}};
  CHECK(bench.run({"a", "b", "c"}) == "a:verified b:rejected c:waiting ");
  CHECK_THAT(bench.of("b").why, Contains("conflict: with main"));
}

TEST_CASE("a red target puts nobody out", "[land]") {
  for (const std::size_t size : {1U, 8U}) {
    Bench bench;
    bench.target.batch = size;
    bench.red = true;
    (void)bench.run(many(8));
    CHECK(bench.said.size() == 8);
    for (const auto& one : bench.said) {
      CHECK(one.verdict == "deferred");
      CHECK_THAT(one.why, Contains("the target is broken"));
    }
    CHECK(std::ranges::count(bench.tested, "base") == 1);
    CHECK(bench.tested.size() <= 5 + 7);
  }
}

TEST_CASE("the last that is left is the culprit only when the target is shown green", "[land]") {
  Bench bench;
  bench.bad = {"a"};
  CHECK(bench.run({"a"}) == "a:rejected ");
  CHECK(bench.tested == std::vector<std::string>{"base a", "base"});
}

TEST_CASE("what could not be told defers its own candidate alone", "[land]") {
  Bench bench;
  bench.target.batch = 4;
  bench.unsure = {"c"};
  CHECK(bench.run({"a", "b", "c", "d"}) == "a:verified b:verified c:deferred d:verified ");
}

TEST_CASE("a check that never ends holds up nobody", "[land]") {
  Bench bench;
  bench.later = {"a"};
  CHECK(bench.run({"a", "b", "c"}) == "a:waiting b:verified c:verified ");
  CHECK(bench.overdue == std::vector<std::string>{"a"});
  CHECK(bench.tested.back() == "base b c");
}

TEST_CASE("a conflict with what is ahead counts only when that has passed", "[land]") {
  Bench bench;
  bench.target.batch = 4;
  bench.conflicts = {{"b", "a"}};
  CHECK(bench.run({"a", "b", "c"}) == "a:verified c:verified b:waiting ");
  CHECK_THAT(bench.of("b").why, Contains("conflicts with what is ahead of it"));
  Bench other;
  other.target.batch = 4;
  other.conflicts = {{"b", "a"}};
  other.bad = {"a"};
  CHECK(other.run({"a", "b", "c"}) == "a:rejected b:verified c:verified ");
  Bench base;
  base.target.batch = 4;
  base.conflicts = {{"a", "base"}};
  CHECK_THAT(base.run({"a", "b"}), Contains("b:verified"));
  CHECK(base.of("a").verdict == "rejected");
}

TEST_CASE("several tests run at once, each on top of those ahead", "[land]") {
  Bench bench;
  CHECK(bench.run({"a", "b", "c", "d"}, 3) == "a:verified b:verified c:verified d:verified ");
  CHECK(bench.most_at_once == 3);
  CHECK(bench.tested ==
        std::vector<std::string>{"base a", "base a b", "base a b c", "base a b c d"});
  CHECK(bench.abandoned == 0);
}

TEST_CASE("what is behind one that fails begins anew without it", "[land]") {
  Bench bench;
  bench.bad = {"b"};
  CHECK(bench.run({"a", "b", "c", "d"}, 4) == "a:verified b:rejected c:verified d:verified ");
  CHECK(bench.abandoned == 2);
  CHECK(bench.of("d").commit == "base a c d");
}

TEST_CASE("a prerequisite that falls out takes along what comes after it, and nothing else",
          "[land]") {
  for (const std::size_t jobs : {1U, 4U}) {
    Bench bench;
    bench.bad = {"a"};
    CHECK(bench.run({"a", "b", "c"}, jobs, {{"b", "a"}}) == "a:rejected b:waiting c:verified ");
    CHECK_THAT(bench.of("b").why, Contains("a has not passed"));
  }
}
