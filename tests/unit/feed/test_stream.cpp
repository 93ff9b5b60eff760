#include <catch2/catch.hpp>

#include <algorithm>
#include <deque>
#include <fstream>

#include "core/app/context.hpp"
#include "core/feed/stream.hpp"
#include "tests/support/show_result.hpp"
#include "tests/support/test_host.hpp"

using namespace cdctl;
using namespace cdctl::feed;
using cdctl::test::TempDir;

namespace {

/// Keeps what is written; its reader goes after so many records.
class Kept final : public app::Output {
 public:
  void write(const Json& record) override { records.push_back(record["id"].as_string()); }
  bool flush() override { return records.size() < wanted; }
  [[nodiscard]] bool broken() const override { return records.size() >= wanted; }
  void warning(std::string_view line) override { warnings.emplace_back(line); }
  void note(std::string_view line) override { notes.emplace_back(line); }
  void debug(std::string_view) override {}
  void error(std::string_view) override {}
  void progress(std::string_view) override {}

  std::size_t wanted = 1;
  std::vector<std::string> records, warnings, notes;
};

/// A log of signals by number, whose connection breaks at the calls that it is told; what is sent
/// while nobody is connected is in it all the same.
class BreakingFeed final : public Feed {
 public:
  class Reader final : public FeedReader {
   public:
    Reader(BreakingFeed& feed, std::size_t at) : feed_(feed), at_(at) {}
    Result<std::vector<Json>> do_next(Millis) override {
      if (feed_.late > 0 && looks_++ > 0) {
        feed_.sent += std::exchange(feed_.late, 0);
        return fail(ExitCode::unknown, "the connection is gone");
      }
      if (!feed_.script.empty()) {
        const auto sent = feed_.script.front();
        feed_.script.pop_front();
        feed_.sent += sent;
        return fail(ExitCode::unknown, "the connection is gone");
      }
      std::vector<Json> out;
      for (; at_ < feed_.sent; ++at_)
        out.push_back(Json::object({{"id", std::to_string(at_)}, {"schema", "cdctl.signal/1"}}));
      return out;
    }
    [[nodiscard]] bool do_at_end() const override { return false; }
    [[nodiscard]] std::string do_cursor() const override { return std::to_string(at_); }

   private:
    BreakingFeed& feed_;
    std::size_t at_, looks_ = 0;
  };
  Result<> do_send(std::span<const Json>, const Deadline&) override { return {}; }
  Result<std::unique_ptr<FeedReader>> do_open(const FeedQuery& query, const Deadline&) override {
    queries.push_back(query);
    return std::make_unique<Reader>(*this, query.cursor.empty() ? sent : std::stoul(query.cursor));
  }

  std::deque<std::size_t> script;  ///< each call fails, after so many signals were sent
  std::size_t sent = 0, late = 0;
  std::vector<FeedQuery> queries;
};

struct Stand {
  TempDir dir;
  Kept out;
  app::Context context{{}, out};
  BreakingFeed feed;
  NamedReader reader;

  Stand() { context.use_config(Config{}); }
  Result<> follow(std::optional<Time> since = {}) {
    FeedQuery query;
    query.follow = true;
    query.since = since;
    query.cursor = reader.cursor;
    return write_signals(context, feed, query, {}, reader, Deadline(Millis(5000)));
  }
};

}  // namespace

TEST_CASE("a follower that has heard nothing yet misses nothing while its feed is away") {
  Stand stand;
  stand.feed.sent = 7;               // before it started
  stand.feed.script = {0, 4, 0, 3};  // lost, said meanwhile, not back yet
  stand.out.wanted = 7;
  REQUIRE(stand.follow());
  CHECK(stand.out.records == std::vector<std::string>{"7", "8", "9", "10", "11", "12", "13"});
  CHECK(stand.out.warnings.size() == 1);
  REQUIRE(stand.out.notes.size() == 1);
  CHECK(stand.out.notes[0].contains("is back"));
}

TEST_CASE("a named reader goes on from where it started, though it was killed before it heard") {
  Stand stand;
  stand.feed.sent = 7;
  stand.reader.file = stand.dir.path() / "night";
  stand.out.wanted = 0;  // it ends at its first look
  REQUIRE(stand.follow());
  NamedReader again{stand.reader.file, {}, {}};
  std::ifstream(stand.reader.file) >> again.cursor;
  CHECK(again.cursor == "7");
  stand.feed.sent = 9;
  stand.reader = std::move(again);
  stand.out.wanted = 2;
  REQUIRE(stand.follow());
  CHECK(stand.out.records == std::vector<std::string>{"7", "8"});
}

TEST_CASE("a position that cannot be kept is told once, and the signals go on") {
  Stand stand;
  stand.reader.file = stand.dir.path() / "nowhere" / "night";
  stand.feed.script = {1, 1};
  stand.out.wanted = 2;
  REQUIRE(stand.follow());
  CHECK(stand.out.records.size() == 2);
  CHECK(std::ranges::count_if(stand.out.warnings, [](const std::string& line) {
          return line.contains("cannot be kept");
        }) == 1);
}

TEST_CASE("who looks back does so until it is over, and then no second time") {
  Stand stand;
  stand.feed.sent = 2;
  stand.reader.cursor = "2";
  stand.feed.script = {0, 1};
  const auto since = now() - std::chrono::hours(1);
  REQUIRE(stand.follow(since));
  REQUIRE(stand.feed.queries.size() == 3);
  CHECK(stand.feed.queries[2].since == since);  // it had not got that far
  stand.feed.queries.clear();
  stand.feed.late = 1;  // after its first look
  stand.out.wanted = 3;
  stand.feed.sent = 4;
  stand.reader.cursor = "3";
  REQUIRE(stand.follow(since));
  REQUIRE(stand.feed.queries.size() == 2);
  CHECK(stand.feed.queries[0].since == since);
  CHECK_FALSE(stand.feed.queries[1].since);
}
