#include <catch2/catch.hpp>

#include <fmt/format.h>

#include "core/fleet/notes.hpp"
#include "tests/support/fake_service.hpp"

using namespace cdctl;
using namespace std::chrono_literals;
using cdctl::test::FakeService;

namespace {

SetName set_no(int i) { return {"thumbs", fmt::format("r{:010x}", i)}; }

}  // namespace

TEST_CASE("a set began with its deploy or its last mend, whichever is later") {
  FakeService thumbs;
  const auto set = thumbs.deploy('a', 2h);
  fleet::Notes notes(thumbs.context);
  const auto before = now();
  const auto begun = notes.begun(set);
  CHECK(begun.last == thumbs.entry(set).set->deployed_at);
  CHECK(begun.known >= before);
  const auto mended = now() - 1h;
  thumbs.entry(set).cut_memo = CutMemo{false, "alice", "", now() - 3h, {}, mended};
  CHECK(fleet::Notes(thumbs.context).begun(set).last == mended);
  thumbs.entry(set).cut_memo->mended_at = now() + 1h;  // a wrong clock
  CHECK(fleet::Notes(thumbs.context).begun(set).last == thumbs.entry(set).set->deployed_at);
  thumbs.entry(set).cut_memo = CutMemo{true, "alice", "", now() - 1min, {}, mended};  // cut again
  CHECK(fleet::Notes(thumbs.context).begun(set).last == thumbs.entry(set).set->deployed_at);
  CHECK_FALSE(notes.begun(set_no(1)).last);
  CHECK_FALSE(notes.begun({"mails", "r0000000001"}).last);
  CHECK(notes.begun({"mails", "r0000000001"}).known == Time());
}

TEST_CASE("one question tells both, and its answer is kept for a moment") {
  FakeService thumbs;
  const auto set = thumbs.deploy('a', 2h);
  thumbs.entry(set).force = Force{Force::State::closed, "alice", "we know", now()};
  fleet::Notes notes(thumbs.context);
  CHECK(notes.begun(set).fresh);
  CHECK(notes.begun(set).fresh);
  for (int i = 0; i < 100; ++i) {
    notes.next_moment();
    CHECK(notes.begun(set).last);
    CHECK_FALSE(notes.begun(set).fresh);
    CHECK(notes.force_of(set));
  }
  CHECK(thumbs.memory.named == 1);
  CHECK(thumbs.memory.reads == 0);
}

TEST_CASE(
    "many sets are asked for together, and one without an entry by its name where it matters") {
  FakeService thumbs;
  for (int i = 0; i < 1000; ++i) {
    auto& entry = thumbs.entry(set_no(i));
    entry.set = SetMemo{set_no(i), "local", "here", {}, now() - 1h, 1, {}, {}};
  }
  fleet::Notes notes(thumbs.context);
  for (int i = 0; i < 1000; ++i) CHECK(notes.begun(set_no(i)).last);
  for (int i = 0; i < 1000; ++i) CHECK(notes.begun(set_no(i)).fresh);  // nothing came meanwhile
  notes.next_moment();
  CHECK_FALSE(notes.begun(set_no(700)).fresh);
  for (int i = 0; i < 1000; ++i) CHECK_FALSE(notes.force_of(set_no(i)));
  CHECK(thumbs.memory.named <= 8);
  CHECK(thumbs.memory.reads <= 3);
  const auto named = thumbs.memory.named;
  for (int i = 2000; i < 2100; ++i) {
    CHECK_FALSE(notes.begun(set_no(i)).last);
    CHECK(notes.begun(set_no(i)).known != Time());
  }
  CHECK(thumbs.memory.named == named);
  CHECK_FALSE(notes.force_of(set_no(3000)));
  CHECK(thumbs.memory.named == named + 1);
}

TEST_CASE("a memory that cannot be asked says nothing, and is not asked again at once") {
  FakeService thumbs;
  const auto set = thumbs.deploy('a', 2h);
  thumbs.journal.failing = "memory.read";
  fleet::Notes notes(thumbs.context);
  for (int i = 0; i < 100; ++i) {
    CHECK_FALSE(notes.begun(set).last);
    CHECK(notes.begun(set).known == Time());
    CHECK_FALSE(notes.force_of(set));
  }
  CHECK(thumbs.memory.named == 1);
}

TEST_CASE(
    "where this machine's clock is ahead, nothing is taken for older than a mend that may be "
    "newer") {
  FakeService thumbs;
  const auto set = thumbs.deploy('a', 2h);
  thumbs.memory.ahead = 1h;
  fleet::Notes notes(thumbs.context);
  CHECK(notes.begun(set).last == thumbs.entry(set).set->deployed_at - 1h);
}
