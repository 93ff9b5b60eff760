#include <fstream>

#include <fmt/format.h>
#include <catch2/catch.hpp>

#include "core/fleet/commit_notes.hpp"
#include "core/fleet/commits.hpp"
#include "core/fleet/difference.hpp"
#include "core/records/commit.hpp"
#include "tests/support/fake_service.hpp"

using namespace cdctl;
using namespace cdctl::test;
using namespace std::chrono_literals;

namespace {

/// Sources whose revisions are single digits, repeated.
class FakeSource final : public Source, public CommitLog {
 public:
  std::string gone;
  std::size_t asked = 0;

  std::vector<Result<SourceState>> do_newest(std::span<const SourceConfig> sources,
                                             const Deadline&) override {
    return std::vector<Result<SourceState>>(sources.size(), fail("not here"));
  }
  Result<SourceState> do_resolve(const SourceConfig&, std::string_view, const Deadline&) override {
    return fail("not here");
  }
  Result<> do_checkout(const SourceConfig&, std::string_view, const std::filesystem::path&,
                       const Deadline&) override {
    return fail("not here");
  }
  std::vector<std::optional<Commit>> do_known(std::span<const CommitQuestion> questions,
                                              const Deadline&) override {
    ++asked;
    std::vector<std::optional<Commit>> out;
    for (const auto& question : questions) out.push_back(commit(question.revision));
    return out;
  }
  Result<CommitRange> do_between(const SourceConfig&, std::string_view from, std::string_view to,
                                 std::size_t most, const Deadline&) override {
    if (from == gone) return fail("the repository does not have it any more");
    CommitRange out;
    if (from < to) out.added = {*commit(to)};
    if (from > to) out.removed = {*commit(from)};
    out.left_out = most == 1 ? 41 : 0;
    return out;
  }

 private:
  static std::optional<Commit> commit(std::string_view revision) {
    return Commit{std::string(revision),
                  {},
                  "make it " + std::string(1, revision.front()),
                  "Alice",
                  now() - 1h};
  }
};

struct Stage {
  FakeService thumbs;
  FakeSource git;

  Stage() {
    thumbs.context.use<Source>("git", git);
    thumbs.change([](ServiceConfig& service) {
      service.sources.push_back({"thumbs", "trunk", "git", "u", Json::object()});
    });
  }
  /// `diff` of what was named; its error otherwise.
  std::string diff(const std::string& from, const std::string& to, std::size_t most = 100) {
    thumbs.out.records.clear();
    fleet::Fleet fleet(thumbs.context);
    fleet.load({"thumbs"}, Deadline(5s));
    const auto one = fleet::find_made(thumbs.context, fleet, *fleet::Selector::parse(from));
    const auto two = fleet::find_made(thumbs.context, fleet, *fleet::Selector::parse(to));
    if (!one || !two) return one ? two.error().what : one.error().what;
    if (!fleet::write_difference(thumbs.context, thumbs.context.config().services.front(), *one,
                                 *two, most, Deadline(5s)))
      return "the same";
    std::string out;
    for (const auto& record : thumbs.out.records) {
      if (record["schema"] != "cdctl.commit/1") continue;
      const auto commit = records::decode<records::CommitRecord>(record);
      out +=
          fmt::format("{}{} {}", out.empty() ? "" : ", ", commit.change,
                      commit.subject.empty() ? commit.was + ">" + commit.revision : commit.subject);
    }
    return out;
  }
};

}  // namespace

TEST_CASE("sets are compared by roles, prefixes and names, one that was reaped, too") {
  Stage stage;
  auto& thumbs = stage.thumbs;
  const auto a = thumbs.deploy('a', 3h), b = thumbs.deploy('b', 2h), c = thumbs.deploy('c', 1h);
  CHECK(stage.diff("thumbs@previous", "thumbs@newest") == "added make it c");
  CHECK(stage.diff("thumbs@rc", "thumbs@ra") == "removed make it c");
  CHECK(stage.diff(a.str(), a.str()) == "the same");
  CHECK(stage.diff("thumbs", "thumbs@newest").contains("that is 3 sets; name one"));
  CHECK(stage.diff("thumbs@rd", "thumbs@newest").contains("never was"));
  CHECK(stage.diff("thumbs@proven", "thumbs@newest").contains("there is no such set"));

  thumbs.entry(a).set->reaped_at = now();
  thumbs.engine.sets.erase(a.str());
  CHECK(stage.diff(a.str(), b.str()) == "added make it b");
  CHECK(stage.diff("thumbs@ra", c.str()) == "added make it c");
}

TEST_CASE("the previous set is an uncut one, by the first time that each came") {
  Stage stage;
  auto& thumbs = stage.thumbs;
  const auto a = thumbs.deploy('a', 3h), b = thumbs.deploy('b', 2h);
  (void)thumbs.deploy('c', 1h);
  fleet::Fleet fleet(thumbs.context);
  fleet.load({"thumbs"}, Deadline(5s));
  auto* view = fleet.service("thumbs");
  REQUIRE(fleet::previous_set(*view));
  CHECK(fleet::previous_set(*view)->name == b);
  CHECK_FALSE(fleet::proven_set(*view));
  for (auto& set : view->sets) {
    if (set.name == b) set.cut = true;
    if (set.name == a) set.proven = true;
  }
  CHECK(fleet::previous_set(*view)->name == a);
  CHECK(fleet::proven_set(*view)->name == a);
  for (auto& set : view->sets)
    if (set.name == b) set.cut = std::nullopt;  // nobody can say: no set to go back to
  CHECK(fleet::previous_set(*view)->name == a);
  // b was made again just now: c came after it all the same, and is the one to leave
  for (auto& set : view->sets)
    if (set.name == b) {
      set.cut = false;
      set.first_deployed_at = set.deployed_at;
      set.deployed_at = now();
    }
  CHECK(fleet::previous_set(*view)->name == b);
  const auto before = fleet::made_before(*view, b);
  REQUIRE(before);
  CHECK(before->set == a);
  CHECK_FALSE(fleet::made_before(*view, a));
}

TEST_CASE("what is gone, has no commits or is no source any more is told by its revisions") {
  Stage stage;
  auto& thumbs = stage.thumbs;
  const auto a = thumbs.deploy('a', 2h), b = thumbs.deploy('b', 1h);
  const auto with = [&](const SetName& set, const std::string& name, const SourceState& state) {
    auto& sources = thumbs.entry(set).set->sources;
    if (state.kind.empty())
      sources.erase(name);
    else
      sources[name] = state;
    thumbs.engine.sets[set.str()].sources = sources;
  };
  with(a, "config", {"file", "f", "11", {}});
  with(b, "config", {"file", "f", "22", {}});
  CHECK(stage.diff(a.str(), b.str()) == "changed 11>22, added make it b");
  with(b, "config", {});
  CHECK(stage.diff(a.str(), b.str()) == "changed 11>, added make it b");
  with(a, "config", {});
  stage.git.gone = "aaaaaaaa";
  CHECK(stage.diff(a.str(), b.str()) == "changed aaaaaaaa>bbbbbbbb");
  CHECK(thumbs.context.exit_code() == 1);
  CHECK(thumbs.out.records.front()["schema"] == "cdctl.error/1");
}

TEST_CASE("commits that are left out are counted, and history that was rewritten is said") {
  Stage stage;
  (void)stage.thumbs.deploy('a', 2h);
  (void)stage.thumbs.deploy('b', 1h);
  (void)stage.diff("thumbs@ra", "thumbs@rb", 1);
  REQUIRE_FALSE(stage.thumbs.out.lines.empty());
  CHECK(stage.thumbs.out.lines.back() == "trunk: 41 commits more; --limit shows them");
  (void)stage.diff("thumbs@rb", "thumbs@ra");
  CHECK(stage.thumbs.out.lines.back().contains("went back to an older one"));
}

TEST_CASE("what is known of commits goes into the sources at the same revision, and is kept") {
  Stage stage;
  auto& thumbs = stage.thumbs;
  const auto set = thumbs.deploy('a', 1h);
  auto& context = thumbs.context;
  const auto& service = context.config().services.front();
  const auto sources = thumbs.entry(set).set->sources;
  CHECK(fleet::kept_commits(context, set).is_null());
  const auto commits = fleet::known_commits(context, service, sources, Deadline(1s));
  fleet::keep_commits(context, set, commits);
  CHECK(fleet::kept_commits(context, set) == commits);
  CHECK(fleet::CommitNotes(context).of(set) == commits);
  auto record = Json::object({{"sources", to_json(sources)}});
  fleet::add_commits(record, commits);
  CHECK(record["sources"]["trunk"]["subject"] == "make it a");
  CHECK(record["sources"]["trunk"]["author"] == "Alice");
  CHECK(record["sources"]["trunk"]["committed_at"].is_string());
  const auto again = sources_from_json(record["sources"]);
  REQUIRE(again);
  CHECK(revision_id(*again) == revision_id(sources));

  auto other = Json::object({{"sources", to_json({{"trunk", {"git", "u", "bbbbbbbb", {}}}})}});
  fleet::add_commits(other, commits);
  CHECK(other["sources"]["trunk"]["subject"].is_null());
  const auto list = fleet::commit_list(commits);
  REQUIRE(list.items().size() == 1);
  CHECK(list.items()[0]["source"] == "trunk");
  CHECK(list.items()[0]["revision"] == "aaaaaaaa");
}

TEST_CASE(
    "notes of commits: the last of a set counts, over a line that was cut off and a full file") {
  Stage stage;
  const auto& context = stage.thumbs.context;
  const auto one = *parse_set_name("thumbs-r0000000001"),
             two = *parse_set_name("thumbs-r0000000002");
  const auto says = [](const char* subject) {
    return Json::object({{"trunk", Json::object({{"revision", "a"}, {"subject", subject}})}});
  };
  const auto file = context.home() / "commits.ndjson";
  fleet::keep_commits(context, one, says("first"));
  fleet::keep_commits(context, one, says("{\"set\":\"thumbs-r0000000002\""));
  CHECK(fleet::kept_commits(context, two).is_null());
  std::ofstream(file, std::ios::app) << R"({"set":"thumbs-r0000000002","comm)";
  CHECK(fleet::kept_commits(context, two).is_null());
  fleet::keep_commits(context, two, says("second"));
  std::filesystem::resize_file(file, 8 << 20);
  fleet::keep_commits(context, one, says("third"));
  CHECK(std::filesystem::file_size(file) < 1'000);
  const fleet::CommitNotes all(context);
  for (const auto& [set, subject] : {std::pair(one, "third"), std::pair(two, "second")}) {
    CHECK(all.of(set)["trunk"]["subject"] == subject);
    CHECK(fleet::kept_commits(context, set)["trunk"]["subject"] == subject);
  }
}
