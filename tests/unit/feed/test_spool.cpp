#include <catch2/catch.hpp>

#include <algorithm>
#include <fstream>
#include <functional>
#include <set>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cdctl/signal.hpp>

#include "cli/output/output.hpp"
#include "core/app/context.hpp"
#include "core/feed/spool.hpp"
#include "core/feed/spool_file.hpp"
#include "tests/support/memory_use.hpp"
#include "tests/support/show_result.hpp"
#include "tests/support/test_host.hpp"

using namespace cdctl;
using namespace cdctl::feed;
using cdctl::test::TempDir;

namespace {

/// A feed that keeps what it gets, and fails when told.
class KeepingFeed final : public Feed {
 public:
  Result<> do_send(std::span<const Json> signals, const Deadline&) override {
    if (trouble) return fail(*trouble);
    count += signals.size();
    if (look) {
      look(signals);
      return {};
    }
    got.insert(got.end(), signals.begin(), signals.end());
    if (lose_answer) return fail(ExitCode::timeout, "no confirm before the deadline");
    return {};
  }
  Result<std::unique_ptr<FeedReader>> do_open(const FeedQuery&, const Deadline&) override {
    return fail("not here");
  }
  [[nodiscard]] std::set<std::string> ids() const {
    std::set<std::string> out;
    for (const auto& signal : got) out.insert(signal["id"].as_string());
    return out;
  }

  std::vector<Json> got;
  std::size_t count = 0;
  std::function<void(std::span<const Json>)> look;  ///< instead of keeping it
  std::optional<Error> trouble;
  bool lose_answer = false;
};

struct Stand {
  TempDir dir;
  cli::Output out;
  app::Context context{{}, out};
  KeepingFeed feed;
  feed::Spool spool{dir.path()};

  Stand() { out.set_quiet(true); }
  std::filesystem::path file(const std::string& name) const { return dir.path() / "spool" / name; }
  void write(const std::string& name, const std::string& text) const {
    std::filesystem::create_directories(dir.path() / "spool");
    std::ofstream(file(name)) << text;
  }
  Result<std::size_t> drain(std::string_view only = {}) {
    return spool.drain(context, feed, only, Deadline(Millis(5000)));
  }
  std::size_t files() const {
    std::size_t count = 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(dir.path() / "spool"))
      count += entry.path().extension() == ".ndjson";
    return count;
  }
};

Json signal_of(const std::string& set) {
  return *normal_signal(Json::object({{"set", set}, {"signal", "oops"}}));
}
const std::string k_set = "thumbs-r5f0c1e9a2b", k_other = "thumbs-r77aa01c9d0";

}  // namespace

TEST_CASE("what was spooled reaches the feed whole, and the spool is empty") {
  Stand stand;
  const std::vector<Json> signals{signal_of(k_set), signal_of(k_set)};
  REQUIRE(stand.spool.put(signals));
  const auto sent = stand.drain();
  REQUIRE(sent);
  CHECK(*sent == 2);
  CHECK(stand.feed.got == signals);
  CHECK(stand.files() == 0);
  CHECK(*stand.drain() == 0);
}

TEST_CASE("a feed that is out of reach leaves the spool as it was") {
  Stand stand;
  REQUIRE(stand.spool.put(std::vector{signal_of(k_set)}));
  stand.feed.trouble = Error{ExitCode::unknown, "refused"};
  REQUIRE_FALSE(stand.drain());
  CHECK(stand.files() == 1);
  stand.feed.trouble.reset();
  CHECK(*stand.drain() == 1);
}

TEST_CASE("a signal whose confirm was lost goes out again as the same signal") {
  Stand stand;
  stand.write("mine.ndjson", R"({"set":"thumbs-r5f0c1e9a2b","signal":"oops"})"
                             "\n"
                             R"({"set":"thumbs-r5f0c1e9a2b","signal":"oops"})"
                             "\n");
  stand.feed.lose_answer = true;
  REQUIRE_FALSE(stand.drain());
  stand.feed.lose_answer = false;
  CHECK(*stand.drain() == 2);
  CHECK(stand.feed.got.size() == 4);
  CHECK(stand.feed.ids().size() == 2);  // two lines that are alike stay two signals
}

TEST_CASE("a line without a time is as old as its file") {
  Stand stand;
  stand.write("mine.ndjson", R"({"set":"thumbs-r5f0c1e9a2b"})");
  const timespec old[2]{{1'700'000'000, 0}, {1'700'000'000, 0}};
  ::utimensat(AT_FDCWD, stand.file("mine.ndjson").c_str(), old, 0);
  REQUIRE(stand.drain());
  CHECK(stand.feed.got.at(0)["time"].view() == "2023-11-14T22:13:20.000Z");
}

TEST_CASE("lines that are no signals are kept aside, and the others go on") {
  Stand stand;
  stand.write("mine.ndjson",
              "rubbish\n\n"
              R"({"set":"thumbs-r5f0c1e9a2b"})"
              "\n[1]\n");
  CHECK(*stand.drain() == 1);
  CHECK(stand.files() == 0);
  CHECK(stand.context.exit_code() == 1);
  const auto refused = read_file(stand.file("refused.log")).value_or("");
  CHECK(refused.contains("rubbish\n"));
  CHECK(refused.contains("# line 4"));
}

TEST_CASE(
    "a line without an end, a file without one, and what is no file stop nothing behind them") {
  Stand stand;
  const std::string good = R"({"set":"thumbs-r5f0c1e9a2b","signal":"good"})";
  stand.write("thumbs-a.ndjson", good + "\n" + std::string(3u << 20, 'x') + "\n" + good + "\n" +
                                     std::string((960u << 10) + 1, 'y') + "\n" + good);
  stand.write("thumbs-b.ndjson", "");
  std::filesystem::resize_file(stand.file("thumbs-b.ndjson"), 1ULL << 30);  // sparse
  REQUIRE(::mkfifo(stand.file("thumbs-c.ndjson").c_str(), 0600) == 0);
  std::filesystem::create_directory(stand.file("thumbs-d.ndjson"));
  std::filesystem::create_symlink("/dev/zero", stand.file("thumbs-e.ndjson"));
  std::string many;
  for (int i = 0; i < 40'000; ++i) many += good + "\n";  // 2 MiB, and 60 as values
  stand.write("thumbs-f.ndjson", many);
  std::size_t most = 0;
  stand.feed.look = [&](std::span<const Json> signals) { most = std::max(most, signals.size()); };
  std::optional<Result<std::size_t>> sent;
  CHECK(test::peak_growth([&] {
          sent = stand.spool.drain(stand.context, stand.feed, {}, Deadline(Millis(60'000)));
        }) < 24);
  REQUIRE_FALSE(*sent);
  CHECK(sent->error().what.contains("thumbs-"));
  CHECK(stand.feed.count == 40'003);
  CHECK(most <= 500);
  CHECK_FALSE(std::filesystem::exists(stand.file("taken/thumbs-f.ndjson")));
  const auto log = read_file(stand.file("refused.log"));
  REQUIRE(log);
  CHECK(log->size() < 10'000);
  CHECK(log->contains("# line 2: longer than 983040 bytes\nxxxx"));
  CHECK(log->contains("# line 4: longer than 983040 bytes\nyyyy"));
}

TEST_CASE("a file that its writer still holds open waits for its end") {
  Stand stand;
  stand.write("mine.ndjson", R"({"set":"thumbs-r5f0c1e9a2b","signal":"first"})"
                             "\n");
  Fd writer(::open(stand.file("mine.ndjson").c_str(), O_WRONLY | O_APPEND | O_CLOEXEC));
  CHECK(*stand.drain() == 0);
  const std::string_view second = R"({"set":"thumbs-r5f0c1e9a2b","signal":"second"})"
                                  "\n";
  REQUIRE(::write(writer.get(), second.data(), second.size()) == std::ssize(second));
  writer.reset();
  CHECK(*stand.drain() == 2);
  CHECK(stand.feed.got.at(1)["signal"].view() == "second");
}

TEST_CASE("a new file may come under the name of one that still waits") {
  Stand stand;
  stand.feed.trouble = Error{ExitCode::unknown, "refused"};
  for (const auto* name : {"first", "second"}) {
    stand.write("mine.ndjson",
                R"({"set":"thumbs-r5f0c1e9a2b","signal":")" + std::string(name) + "\"}\n");
    REQUIRE_FALSE(stand.drain());
  }
  stand.feed.trouble.reset();
  CHECK(*stand.drain() == 2);
  CHECK(stand.feed.ids().size() == 2);
}

TEST_CASE("a unit sends on only what its own set kept") {
  Stand stand;
  REQUIRE(stand.spool.put(std::vector{signal_of(k_set)}));
  REQUIRE(stand.spool.put(std::vector{signal_of(k_other)}));
  CHECK(*stand.drain(k_other) == 1);
  CHECK(stand.feed.got.at(0)["set"].view() == k_other);
  CHECK(*stand.drain() == 1);
}

TEST_CASE("what the feed refuses does not keep the rest waiting") {
  class Picky final : public Feed {
   public:
    Result<> do_send(std::span<const Json> signals, const Deadline&) override {
      if (signals.front()["signal"].view() == "bad") return fail("refused by the broker");
      ++sent;
      return {};
    }
    Result<std::unique_ptr<FeedReader>> do_open(const FeedQuery&, const Deadline&) override {
      return fail("not here");
    }
    int sent = 0;
  } picky;
  Stand stand;
  stand.write("a.ndjson", R"({"set":"thumbs-r5f0c1e9a2b","signal":"bad"})");
  stand.write("b.ndjson", R"({"set":"thumbs-r5f0c1e9a2b","signal":"good"})");
  const auto done = stand.spool.drain(stand.context, picky, {}, Deadline(Millis(5000)));
  REQUIRE_FALSE(done);
  CHECK(done.error().what.contains("a.ndjson"));
  CHECK(picky.sent == 1);
  CHECK(stand.files() == 1);
}

TEST_CASE("only what may pass is spooled: an unreachable feed, not a refused signal") {
  Stand stand;
  ::setenv("CDCTL_HOME", stand.dir.path().c_str(), 1);
  stand.feed.trouble = Error{ExitCode::failed, "no such exchange"};
  const auto signal = signal_of(k_set);
  CHECK_FALSE(
      feed::send_or_spool(stand.context, stand.feed, {&signal, 1}, true, Deadline(Millis(1000))));
  stand.feed.trouble = Error{ExitCode::unknown, "refused"};
  CHECK_FALSE(
      feed::send_or_spool(stand.context, stand.feed, {&signal, 1}, false, Deadline(Millis(1000))));
  CHECK_FALSE(std::filesystem::exists(stand.dir.path() / "spool"));
  CHECK(feed::send_or_spool(stand.context, stand.feed, {&signal, 1}, true, Deadline(Millis(1000))));
  CHECK(stand.files() == 1);
  stand.feed.trouble.reset();
  const auto later = signal_of(k_set);
  CHECK(feed::send_or_spool(stand.context, stand.feed, {&later, 1}, true, Deadline(Millis(1000))));
  CHECK(stand.feed.ids().size() == 2);
  CHECK(stand.files() == 0);
  ::unsetenv("CDCTL_HOME");
}
