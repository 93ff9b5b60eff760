#include <algorithm>

#include <fmt/format.h>
#include <catch2/catch.hpp>

#include "core/fleet/remembered.hpp"
#include "tests/support/fake_service.hpp"

using namespace cdctl;
using namespace std::chrono_literals;
using cdctl::test::FakeService;

namespace {

const SetName k_set{"thumbs", "raaaaaaaaaa"};

/// `deploy break …`, by time.
std::string actions(std::vector<records::Outcome> outcomes) {
  std::ranges::stable_sort(outcomes, {}, &records::Outcome::time);
  std::string out;
  for (const auto& one : outcomes) out += (out.empty() ? "" : " ") + one.action;
  return out;
}

const records::Outcome& last(const std::vector<records::Outcome>& outcomes,
                             const std::string& action) {
  const auto newest = std::ranges::max_element(outcomes, {}, [&](const records::Outcome& one) {
    return one.action == action ? one.time : Time();
  });
  REQUIRE(newest != outcomes.end());
  REQUIRE(newest->action == action);
  return *newest;
}

}  // namespace

TEST_CASE("a memory tells the life of a set: out, cut, mended, cut again, reaped, back again") {
  FakeService thumbs;
  const auto start = now() - 10h;
  auto& entry = thumbs.entry(k_set);
  entry.set = SetMemo{k_set, "local", "web2:/home", {}, start + 8h, 1, start + 7h, start};
  entry.cut_memo = CutMemo{true, "bob@web2", "wrong colours", start + 5h, {}, start + 2h};
  entry.cut_memo->cuts = {start + 1h, start + 5h};
  const auto told = fleet::remembered_by_all(thumbs.context, Deadline(1s));
  CHECK(actions(told) == "deploy break mend break reap deploy");
  CHECK(last(told, "deploy").more["home"] == "web2:/home");
  CHECK(last(told, "break").why == "wrong colours");
  for (const auto& one : told) {
    CHECK(one.set == k_set.str());
    CHECK((one.ok && one.changed && one.more["remembered"].as_bool()));
  }
  CHECK(records::encode(last(told, "reap"))["by"].is_null());
}

TEST_CASE("whose word a memory holds: the last one's who cut or mended") {
  FakeService thumbs;
  auto& entry = thumbs.entry(k_set);
  entry.cut_memo = CutMemo{true, "bob@web2", "bad", now() - 2h, {}, {}};
  CHECK(last(fleet::remembered_outcomes(thumbs.memory.entries), "break").by == "bob@web2");
  entry.cut_memo = CutMemo{false, "carol@web3", "bad", now() - 2h, {}, now() - 1h};
  const auto mended = fleet::remembered_outcomes(thumbs.memory.entries);
  CHECK(last(mended, "break").by.empty());
  CHECK(last(mended, "mend").by == "carol@web3");
  entry.cut_memo = CutMemo{true, "bob@web2", "bad", now() - 1h, {}, now() - 2h};  // and cut again
  const auto again = fleet::remembered_outcomes(thumbs.memory.entries);
  CHECK(last(again, "break").by == "bob@web2");
  CHECK(last(again, "mend").by.empty());
  entry.cut_memo =
      CutMemo{false, "carol@web3", "", now() - 2h, {}, now() - 1h};  // it never was cut
  CHECK(fleet::remembered_outcomes(thumbs.memory.entries).empty());
}

TEST_CASE("what is forced on a service is one act, however many sets it has") {
  FakeService thumbs;
  for (const char digit : {'a', 'b', 'c'}) {
    auto& force = thumbs.entry(thumbs.deploy(digit, 1h)).force;
    force = Force{Force::State::closed, "alice@web1", "we know", now()};
    force->target = "thumbs";
  }
  const auto told = fleet::remembered_outcomes(thumbs.memory.entries);
  CHECK(std::ranges::count(told, "force", &records::Outcome::action) == 1);
  const auto& force = last(told, "force");
  CHECK(force.service == "thumbs");
  CHECK(force.set.empty());
  CHECK(force.more["forced"] == "closed");
  CHECK((force.by == "alice@web1" && force.why == "we know"));
}

TEST_CASE("freezes are told of services and of single revisions") {
  const std::map<std::string, Hold> holds{
      {"thumbs", {"alice@web1", "a fair", now(), now() + 1h}},
      {"mails", {"alice@web1", "it is being retired", now(), {}, true}},
      {k_set.str(), {"bob@web2", "rolled back", now()}}};
  const auto told = fleet::remembered_holds(holds);
  REQUIRE(told.size() == 3);
  CHECK(told[0].action == "retire");
  CHECK((told[1].action == "hold" && told[1].service == "thumbs" && told[1].set.empty()));
  CHECK(told[1].more["until"].is_string());
  CHECK((told[2].set == k_set.str() && told[2].revision == k_set.revision));
}

TEST_CASE("a memory that cannot be asked is said, and no answer of another is lost") {
  FakeService thumbs;
  (void)thumbs.deploy('a', 1h);
  thumbs.journal.failing = "memory.read";
  CHECK(fleet::remembered_by_all(thumbs.context, Deadline(1s)).empty());
  CHECK(thumbs.context.exit_code() == 4);
  REQUIRE(thumbs.out.records.size() == 1);
  CHECK(thumbs.record()["schema"] == "cdctl.error/1");
}

TEST_CASE("an act in the log is the one that is remembered, from its begin to a moment after") {
  records::Outcome told;
  records::name_set(told, k_set);
  told.action = "deploy";
  told.ok = told.changed = true;
  told.took_ms = 60'000;
  told.time = now();
  auto remembered = told;
  remembered.took_ms = 0;
  for (const Millis before : {0ms, 30'000ms, 61'000ms}) {
    remembered.time = told.time - before;
    CHECK(fleet::same_act(told, remembered));
  }
  for (const Millis before : {-3'000ms, 63'000ms}) {
    remembered.time = told.time - before;
    CHECK_FALSE(fleet::same_act(told, remembered));
  }
  remembered.time = told.time;
  auto failed = told;
  failed.ok = false;
  CHECK_FALSE(fleet::same_act(failed, remembered));
  remembered.action = "reap";
  CHECK_FALSE(fleet::same_act(told, remembered));
}
