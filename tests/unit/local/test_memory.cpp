#include <fstream>
#include <thread>

#include <sys/stat.h>

#include <fmt/format.h>
#include <catch2/catch.hpp>

#include <cdctl/set_name.hpp>

#include "plugins/local/memory.hpp"
#include "tests/support/test_host.hpp"

using namespace cdctl;

namespace {

struct Fixture {
  test::TempDir dir;
  test::TestHost host{dir.path() / "home"};
  local::LocalMemory memory{host};
  Deadline soon{Millis(5000)};
  Time base{Millis(1'800'000'000'000)};

  SetMemo memo(const SetName& name, std::optional<Time> reaped = {}) const {
    return {name, "local", "h:/x", {}, base, 2, reaped, {}};
  }
  CutMemo cut(bool on) const { return {on, "alice@web1", "errors >= 5", base, 7, {}}; }
  std::map<std::string, MemoryEntry> read(std::optional<std::string_view> service = {}) {
    auto out = memory.read(service, soon);
    REQUIRE(out);
    return *out;
  }
};

std::string rev(int number) { return fmt::format("r{:010x}", number); }

}  // namespace

TEST_CASE("a home without a memory remembers nothing, and is not made by looking") {
  Fixture f;
  CHECK(f.read().empty());
  CHECK(f.memory.trim("thumbs", 0, f.soon));
  CHECK_FALSE(std::filesystem::exists(f.dir.path() / "home"));
}

TEST_CASE("sets and cuts are remembered, by service") {
  Fixture f;
  const SetName a{"thumbs", rev(1)}, b{"thumbs", rev(2)}, c{"thumbs-big", rev(1)};
  for (const auto& name : {a, b, c}) REQUIRE(f.memory.put_set(f.memo(name), f.soon));
  REQUIRE(f.memory.put_cut(b, f.cut(true), f.soon));
  const auto all = f.read();
  CHECK(all.size() == 3);
  const auto thumbs = f.read("thumbs");
  REQUIRE(thumbs.size() == 2);
  CHECK(thumbs.at(a.str()).cut == false);
  CHECK(thumbs.at(a.str()).set->units == 2);
  CHECK_FALSE(thumbs.at(a.str()).provisioned);
  CHECK(thumbs.at(b.str()).cut == true);
  CHECK(thumbs.at(b.str()).cut_memo->why == "errors >= 5");
  CHECK(thumbs.at(b.str()).cut_memo->prev_limit == 7);
  REQUIRE(f.memory.put_cut(b, f.cut(false), f.soon));
  CHECK(f.read("thumbs").at(b.str()).cut == false);
  struct stat info{};
  REQUIRE(::stat((f.dir.path() / "home/memory/sets" / (a.str() + ".json")).c_str(), &info) == 0);
  CHECK((info.st_mode & 0777) == 0600);
}

TEST_CASE("a cut is remembered when its set is not") {
  Fixture f;
  REQUIRE(f.memory.put_cut({"thumbs", rev(1)}, f.cut(true), f.soon));
  const auto entry = f.read().at("thumbs-" + rev(1));
  CHECK_FALSE(entry.set);
  CHECK(entry.cut == true);
}

TEST_CASE(
    "the oldest tombstones are forgotten with their cuts, living sets and other services never") {
  Fixture f;
  for (int i = 1; i <= 4; ++i) {
    const SetName name{"thumbs", rev(i)};
    REQUIRE(f.memory.put_set(f.memo(name, f.base + Millis(i)), f.soon));
    REQUIRE(f.memory.put_cut(name, f.cut(true), f.soon));
  }
  REQUIRE(f.memory.put_set(f.memo({"thumbs", rev(9)}), f.soon));
  REQUIRE(f.memory.put_set(f.memo({"other", rev(1)}, f.base), f.soon));
  REQUIRE(f.memory.trim("thumbs", 2, f.soon));
  const auto left = f.read();
  CHECK(left.size() == 4);
  CHECK(left.contains("thumbs-" + rev(3)));
  CHECK(left.contains("thumbs-" + rev(4)));
  CHECK(left.contains("thumbs-" + rev(9)));
  CHECK(left.contains("other-" + rev(1)));
}

TEST_CASE("a damaged memory is 'I do not know', and names the file") {
  Fixture f;
  REQUIRE(f.memory.put_set(f.memo({"thumbs", rev(1)}), f.soon));
  std::ofstream(f.dir.path() / ("home/memory/sets/thumbs-" + rev(1) + ".json")) << "{";
  const auto out = f.memory.read({}, f.soon);
  REQUIRE_FALSE(out);
  CHECK(out.error().exit == ExitCode::unknown);
  CHECK(out.error().what.contains("thumbs-" + rev(1) + ".json"));
  CHECK(f.memory.read("other", f.soon));
}

TEST_CASE("the lock of a service has one holder, and a deadline") {
  Fixture f;
  auto first = f.memory.lock("thumbs", f.soon);
  REQUIRE(first);
  CHECK(f.memory.lock("thumbs", Deadline(Millis(20))).error().exit == ExitCode::timeout);
  CHECK(f.memory.lock("other", Deadline(Millis(20))));
  CHECK_FALSE(f.memory.lock("../thumbs", f.soon));
  first->reset();
  CHECK(f.memory.lock("thumbs", Deadline(Millis(20))));
}

TEST_CASE("a forced state is a set's own, else its service's, and is forgotten when it is lifted") {
  Fixture f;
  const SetName one{"thumbs", rev(1)}, two{"thumbs", rev(2)}, other{"previews", rev(3)};
  for (const auto& set : {one, two, other}) REQUIRE(f.memory.put_set(f.memo(set), f.soon));
  const auto force = [&](Force::State state) {
    return Force{state, "alice@web1", "new rules", f.base};
  };
  REQUIRE(f.memory.put_force("thumbs", force(Force::State::observe), f.soon));
  REQUIRE(f.memory.put_force(two.str(), force(Force::State::closed), f.soon));
  auto all = f.read();
  REQUIRE(all[one.str()].force);
  CHECK(all[one.str()].force->state == Force::State::observe);
  CHECK(all[one.str()].force->why == "new rules");
  CHECK(all[one.str()].force->target == "thumbs");  // which is what lifts it
  CHECK(all[two.str()].force->state == Force::State::closed);
  CHECK(all[two.str()].force->target == two.str());
  CHECK_FALSE(all[other.str()].force);
  for (const auto& [name, state] :
       {std::pair(one, Force::State::observe), std::pair(two, Force::State::closed),
        std::pair(SetName{"thumbs", "r0000000099"}, Force::State::observe)}) {
    const auto forced = f.memory.force_of(name, f.soon);
    REQUIRE((forced && *forced));
    CHECK((*forced)->state == state);
  }
  CHECK_FALSE(*f.memory.force_of(other, f.soon));
  REQUIRE(f.memory.put_force(two.str(), {}, f.soon));
  REQUIRE(f.memory.put_force(two.str(), {}, f.soon));  // twice is once
  CHECK(f.read("thumbs")[two.str()].force->state == Force::State::observe);
  const auto bad = f.memory.put_force("../../etc", force(Force::State::open), f.soon);
  REQUIRE_FALSE(bad);
  CHECK(bad.error().exit == ExitCode::usage);
}

TEST_CASE("a revision is held out by the name of its set, until its tombstone goes") {
  Fixture f;
  const SetName set{"thumbs", "r0123456789"}, other{"thumbs", "r1123456789"};
  auto hold = Hold{"alice@web1", "an older one was deployed", f.base, {}};
  REQUIRE(f.memory.put_hold(set.str(), hold, f.soon));
  hold.retiring = true;
  REQUIRE(f.memory.put_hold("thumbs", hold, f.soon));
  const auto holds = f.memory.holds(f.soon);
  REQUIRE(holds);
  CHECK(holds->at("thumbs").retiring);
  CHECK_FALSE(holds->at(set.str()).retiring);
  for (const auto& name : {set, other})
    REQUIRE(f.memory.put_set({name, "local", "here", {}, f.base, 1, f.base, {}}, f.soon));
  REQUIRE(f.memory.trim("thumbs", 0, f.soon));
  CHECK(f.memory.holds(f.soon)->size() == 1);  // the service's
  CHECK_FALSE(f.memory.put_hold("../../etc", hold, f.soon));
}

TEST_CASE("a freeze is remembered by service, and lifting one that is not there makes nothing") {
  Fixture f;
  REQUIRE(f.memory.put_hold("thumbs", {}, f.soon));
  CHECK_FALSE(std::filesystem::exists(f.dir.path() / "home"));
  CHECK(f.memory.holds(f.soon)->empty());
  REQUIRE(f.memory.put_hold("thumbs", Hold{"alice@web1", "the sale", f.base, f.base + Millis(1000)},
                            f.soon));
  REQUIRE(f.memory.put_hold("previews", Hold{"bob@web2", "broken", f.base, {}}, f.soon));
  const auto holds = f.memory.holds(f.soon);
  REQUIRE(holds);
  REQUIRE(holds->size() == 2);
  CHECK(holds->at("thumbs").why == "the sale");
  CHECK(holds->at("thumbs").until == f.base + Millis(1000));
  CHECK_FALSE(holds->at("previews").until);
  REQUIRE(f.memory.put_hold("thumbs", {}, f.soon));
  CHECK(f.memory.holds(f.soon)->size() == 1);
  std::ofstream(f.dir.path() / "home/memory/holds/previews.json") << "{";
  const auto broken = f.memory.holds(f.soon);
  REQUIRE_FALSE(broken);
  CHECK(broken.error().exit == ExitCode::unknown);  // in doubt nobody deploys
}

TEST_CASE("what a revision does once has a lock of its own, and is noted") {
  Fixture f;
  auto held = f.memory.lock_release("thumbs", f.soon);
  REQUIRE(held);
  CHECK(f.memory.lock("thumbs", Deadline(Millis(20))));
  CHECK(f.memory.lock_release("other", Deadline(Millis(20))));
  CHECK(f.memory.lock_release("thumbs", Deadline(Millis(20))).error().exit == ExitCode::timeout);
  held->reset();
  CHECK(f.memory.lock_release("thumbs", Deadline(Millis(20))));

  auto memo = f.memo({"thumbs", rev(1)});
  memo.release_begun = f.base;
  REQUIRE(f.memory.put_set(memo, f.soon));
  CHECK(f.read().at(memo.name.str()).set->releasing());
}
