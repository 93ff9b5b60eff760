#include <algorithm>
#include <csignal>
#include <fstream>

#include <sys/resource.h>

#include <catch2/catch.hpp>

#include <cdctl/fs.hpp>

#include "core/notify/outbox.hpp"
#include "core/notify/sender.hpp"
#include "tests/support/test_host.hpp"

using namespace cdctl;
using notify::Outbox;

namespace {

std::string record(int number, std::string_view schema = "cdctl.outcome/1") {
  return Json::object({{"schema", schema}, {"n", number}}).dump();
}

std::vector<std::int64_t> numbers(const Outbox::Batch& batch) {
  std::vector<std::int64_t> out;
  for (const auto& one : batch.records) out.push_back(one["n"].as_int());
  return out;
}

using Numbers = std::vector<std::int64_t>;

struct Folder {
  test::TempDir path_;
  std::filesystem::path path = path_.path();
};

Outbox open(const Folder& home, notify::OutboxBounds bounds = {}) {
  auto out = Outbox::open(home.path, "pagerduty", bounds);
  REQUIRE(out);
  return std::move(*out);
}

void put(const Outbox& outbox, int from, int to, std::string_view schema = "cdctl.outcome/1") {
  for (int i = from; i <= to; ++i) {
    const std::vector lines{record(i, schema)};
    REQUIRE(outbox.put(lines));
  }
}

/// Takes and settles until nothing is left.
Numbers drain(Outbox& outbox) {
  Numbers out;
  for (;;) {
    const auto batch = outbox.take(3, 1 << 20);
    REQUIRE(batch);
    if (batch->records.empty() && batch->unreadable == 0) return out;
    for (const auto number : numbers(*batch)) out.push_back(number);
    REQUIRE(outbox.settle(*batch, {}));
  }
}

}  // namespace

TEST_CASE("what was put is taken in order, over files and openings, once") {
  const Folder home;
  auto outbox = open(home, {.segment = 60, .total = 1 << 20});
  put(outbox, 1, 10);
  auto other = open(home);
  CHECK(drain(other) == Numbers{1, 2, 3, 4, 5, 6, 7, 8, 9, 10});
  CHECK(drain(outbox).empty());
  put(outbox, 11, 11);
  CHECK(drain(other) == Numbers{11});
  CHECK(other.status(true)->sent == 11);
  CHECK(other.status(true)->waiting == 0);
}

TEST_CASE("what is not settled is taken again") {
  const Folder home;
  auto outbox = open(home);
  put(outbox, 1, 4);
  CHECK(numbers(*outbox.take(2, 1 << 20)) == Numbers{1, 2});
  CHECK(numbers(*outbox.take(2, 1 << 20)) == Numbers{1, 2});
}

TEST_CASE(
    "what a receiver did not take comes before all others, what it refused is kept with its "
    "words") {
  const Folder home;
  auto outbox = open(home);
  put(outbox, 1, 6);
  const auto batch = *outbox.take(4, 1 << 20);
  PassAnswer answer;
  answer.again = {1, 3};
  answer.refused = {{2, "no such field"}};
  answer.why = "too many requests";
  REQUIRE(outbox.settle(batch, answer));
  const auto status = *outbox.status(true);
  CHECK(status.waiting == 4);
  CHECK(status.refused == 1);
  CHECK(status.sent == 1);
  CHECK(status.why == "too many requests");
  CHECK(drain(outbox) == Numbers{2, 4, 5, 6});
  CHECK(outbox.status(true)->why.empty());
  CHECK(read_file(outbox.folder() / "refused.ndjson")->find("no such field") != std::string::npos);
  CHECK(*outbox.replay() == 1);
  CHECK(drain(outbox) == Numbers{3});
  CHECK(*outbox.replay() == 0);
}

TEST_CASE(
    "what there was no time for goes first the next time, and is no trouble of the receiver's") {
  const Folder home;
  auto outbox = open(home);
  put(outbox, 1, 3);
  PassAnswer answer;
  answer.again = {1, 2};
  REQUIRE(outbox.settle(*outbox.take(3, 1 << 20), answer));
  CHECK(outbox.status(true)->why.empty());
  CHECK(outbox.status(true)->tries == 0);
  CHECK(outbox.status(true)->sent == 1);
  CHECK(drain(outbox) == Numbers{2, 3});
}

TEST_CASE("outboxes that cannot be read are not the same as none") {
  const Folder home;
  CHECK(notify::outboxes(home.path)->empty());
  (void)open(home);
  CHECK(*notify::outboxes(home.path) == std::vector<std::string>{"pagerduty"});
  std::ofstream(home.path / "file") << "x";
  const auto read = notify::outboxes(home.path / "file");
  REQUIRE_FALSE(read);
  CHECK(read.error().exit == ExitCode::unknown);
}

TEST_CASE("a line that a kill has cut in two spoils nothing but itself") {
  const Folder home;
  auto outbox = open(home);
  put(outbox, 1, 1);
  std::ofstream(outbox.folder() / "1.ndjson", std::ios::app) << R"({"schema":"cdctl.out)";
  put(outbox, 2, 3);
  CHECK(drain(outbox) == Numbers{1, 2, 3});
  CHECK(outbox.status(true)->refused == 1);
}

TEST_CASE("empty lines hide nothing that comes behind them") {
  const Folder home;
  auto outbox = open(home);
  std::ofstream(outbox.folder() / "again.ndjson") << "\n";
  std::ofstream(outbox.folder() / "1.ndjson") << "\n\n\n\n\n" << record(7) << "\n";
  CHECK(drain(outbox) == Numbers{7});
  std::ofstream(outbox.folder() / "1.ndjson", std::ios::app) << "\n\n\n\n\n" << record(8) << "\n";
  std::ofstream(outbox.folder() / "2.ndjson") << record(9) << "\n";
  CHECK(drain(outbox) == Numbers{8, 9});
}

TEST_CASE("an outbox that somebody has emptied, or lost the place of, sends what comes") {
  const Folder home;
  auto outbox = open(home);
  put(outbox, 1, 5);
  REQUIRE(drain(outbox).size() == 5);
  std::filesystem::remove(outbox.folder() / "1.ndjson");
  put(outbox, 6, 6);
  CHECK(outbox.status(true)->waiting == 1);
  CHECK(drain(outbox) == Numbers{6});
  std::ofstream(outbox.folder() / "position.json") << R"({"segment":77,"offset":9})";
  put(outbox, 7, 7);
  CHECK(outbox.status(true)->waiting == 2);
  CHECK(drain(outbox) == Numbers{6, 7});
}

TEST_CASE("beyond its bound signals go first, then the oldest, and are counted") {
  const Folder home;
  auto outbox = open(home, {.segment = 200, .total = 1'200});
  put(outbox, 1, 1);
  REQUIRE(numbers(*outbox.take(1, 1 << 20)) == Numbers{1});
  for (int i = 2; i <= 60; ++i)
    put(outbox, i, i, i % 2 == 0 ? "cdctl.signal/1" : "cdctl.outcome/1");
  const auto dropped = outbox.status(true)->dropped;
  CHECK(dropped > 0);
  const auto left = drain(outbox);
  CHECK(static_cast<std::int64_t>(left.size()) == 60 - dropped);
  CHECK(left.front() == 1);  // what is being sent stays
  CHECK(left.back() == 60);  // and so does the newest
  CHECK(std::ranges::is_sorted(left));
  // Of those in the middle more outcomes than signals are left.
  const auto signals = std::ranges::count_if(left, [](auto n) { return n % 2 == 0; });
  CHECK(2 * signals < static_cast<std::ptrdiff_t>(left.size()));
}

TEST_CASE("a disk that is full takes all of it or nothing") {
  const Folder home;
  auto outbox = open(home);
  put(outbox, 1, 1);
  rlimit before{};
  REQUIRE(::getrlimit(RLIMIT_FSIZE, &before) == 0);
  const auto signal = std::signal(SIGXFSZ, SIG_IGN);
  const rlimit small{100, before.rlim_max};
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &small) == 0);
  const std::vector lines{record(2), record(3), record(4)};
  const auto kept = outbox.put(lines);
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &before) == 0);
  std::signal(SIGXFSZ, signal);
  CHECK_FALSE(kept);
  CHECK(read_file(outbox.folder() / "1.ndjson") == record(1) + "\n");
  put(outbox, 5, 5);
  CHECK(drain(outbox) == Numbers{1, 5});
}

TEST_CASE("the pause grows to a minute, and is never the same for two") {
  CHECK(notify::back_off(0, 0) == Millis(500));
  CHECK(notify::back_off(0, 500) == Millis(1'000));
  CHECK(notify::back_off(3, 0) == Millis(4'000));
  CHECK(notify::back_off(60, 30'000) == Millis(60'000));
  for (std::uint64_t random = 0; random < 5'000; random += 7) {
    CHECK(notify::back_off(2, random) >= Millis(2'000));
    CHECK(notify::back_off(2, random) <= Millis(4'000));
    CHECK(notify::back_off(9, random, Millis(2'000)) <= Millis(2'000));
  }
}

TEST_CASE("the longest pause is a duration of at least a second") {
  Config config;
  CHECK(*notify::longest_pause(config) == Millis(60'000));
  const auto given = [&](Json value) {
    config.table = Json::object({{"notify", Json::object({{"longest_pause", std::move(value)}})}});
    return notify::longest_pause(config);
  };
  CHECK(*given("10s") == Millis(10'000));
  for (const auto* wrong : {"soon", "0s", "10ms", ""}) CHECK_FALSE(given(wrong));
  CHECK(given(5).error().exit == ExitCode::config);
}
