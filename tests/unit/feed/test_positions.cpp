#include <catch2/catch.hpp>

#include <filesystem>

#include <cdctl/fs.hpp>

#include "core/app/configurations.hpp"
#include "core/app/context.hpp"
#include "core/feed/choice.hpp"
#include "core/feed/stream.hpp"
#include "tests/support/show_result.hpp"
#include "tests/support/test_host.hpp"

using namespace cdctl;
using cdctl::test::TempDir;

namespace {

namespace fs = std::filesystem;

class Quiet final : public app::Output {
 public:
  void write(const Json&) override {}
  bool flush() override { return true; }
  [[nodiscard]] bool broken() const override { return false; }
  void warning(std::string_view line) override { warnings.emplace_back(line); }
  void note(std::string_view) override {}
  void debug(std::string_view) override {}
  void error(std::string_view) override {}
  void progress(std::string_view) override {}

  std::vector<std::string> warnings;
};

/// One configuration of a home that it names itself.
struct One {
  One(const TempDir& dir, const std::string& name, const std::string& service) {
    Config config;
    config.file = dir.path() / name / "cdctl.toml";
    config.table =
        Json::object({{"local", Json::object({{"home", (dir.path() / "home").string()}})}});
    const auto file = config.file.parent_path() / "services.d" / (service + ".toml");
    REQUIRE(make_directories(file.parent_path()));
    REQUIRE(write_file_atomically(file, ""));
    REQUIRE(write_file_atomically(config.file, ""));
    ServiceConfig own;
    own.name = service;
    config.services.push_back(std::move(own));
    context.use_config(std::move(config));
  }

  Quiet out;
  app::Context context{{}, out};
};

Json outcome(std::string_view service) {
  return Json::object({{"schema", "cdctl.outcome/1"}, {"service", service}});
}

/// Knows positions that begin with `at`.
class Picky final : public Feed {
 public:
  std::vector<FeedQuery> queries;
  Error refusal{ExitCode::usage, "not a position"};

 private:
  class Reader final : public FeedReader {
    Result<std::vector<Json>> do_next(Millis) override { return std::vector<Json>(); }
    [[nodiscard]] bool do_at_end() const override { return true; }
    [[nodiscard]] std::string do_cursor() const override { return "at1"; }
  };
  Result<> do_send(std::span<const Json>, const Deadline&) override { return {}; }
  Result<std::unique_ptr<FeedReader>> do_open(const FeedQuery& query, const Deadline&) override {
    queries.push_back(query);
    if (!query.cursor.empty() && !query.cursor.starts_with("at")) return std::unexpected(refusal);
    return std::make_unique<Reader>();
  }
};

}  // namespace

TEST_CASE("configurations of a home have readers of the same name, and positions of their own") {
  const TempDir dir;
  One first(dir, "first", "thumbs"), second(dir, "second", "fingers");
  auto one = feed::NamedReader::open(first.context, "night");
  auto other = feed::NamedReader::open(second.context, "night");
  REQUIRE(one);
  REQUIRE(other);
  CHECK(feed::NamedReader::open(first.context, "night").error().exit == ExitCode::refused);
  REQUIRE(one->store("stream:4"));
  one->lock.reset();
  CHECK(feed::NamedReader::open(first.context, "night")->cursor == "stream:4");
  CHECK(other->cursor.empty());
}

TEST_CASE("what an earlier cdctl kept for the whole home is taken over by each, for a week") {
  const TempDir dir;
  One first(dir, "first", "thumbs"), second(dir, "second", "fingers"), late(dir, "late", "toes");
  const auto shared = dir.path() / "home/readers/night";
  REQUIRE(make_directories(shared.parent_path(), 0700));
  REQUIRE(write_file_atomically(shared, "at4\n", 0600));
  CHECK(feed::NamedReader::open(first.context, "night")->cursor == "at4");
  CHECK(feed::NamedReader::open(second.context, "night")->cursor == "at4");
  const auto before = shared.string() + ".before";
  fs::last_write_time(before, fs::file_time_type::clock::now() - std::chrono::hours(24 * 8));
  CHECK(feed::NamedReader::open(late.context, "night")->cursor.empty());
  CHECK_FALSE(fs::exists(before));
}

TEST_CASE("a position that is none in this feed begins with the oldest signal, and is told") {
  const TempDir dir;
  One one(dir, "one", "thumbs");
  Picky feed;
  FeedQuery query;
  query.cursor = "stream:4";
  REQUIRE(feed::open_behind(one.context, feed, query, "reader night", Deadline(Millis(1000))));
  REQUIRE(feed.queries.size() == 2);
  CHECK(feed.queries[1].cursor.empty());
  CHECK(feed.queries[1].since.has_value());
  REQUIRE(one.out.warnings.size() == 1);
  CHECK(one.out.warnings[0].contains("reader night: 'stream:4' is no position in this feed"));
  feed.refusal = {ExitCode::unknown, "no answer"};  // that is no answer, and the position stays
  CHECK(feed::open_behind(one.context, feed, query, "it", Deadline(Millis(1000))).error().exit ==
        ExitCode::unknown);
  CHECK(one.out.warnings.size() == 1);
}

TEST_CASE("a record is left to the configuration whose service it is of") {
  const TempDir dir;
  One first(dir, "first", "thumbs"), second(dir, "second", "fingers");
  app::note_configuration(first.context, "thumbs");
  app::note_configuration(second.context);
  app::Neighbours of_first(first.context), of_second(second.context);
  CHECK_FALSE(of_first.have(outcome("thumbs")));
  CHECK(of_second.have(outcome("thumbs")));
  CHECK(of_first.have(outcome("fingers")));  // by its file: nothing was done to it yet
  CHECK(of_first.have(Json::object({{"set", "fingers-r0000000001"}})));
  CHECK_FALSE(of_first.have(outcome("nobodys")));  // told by both
  CHECK_FALSE(of_second.have(outcome("nobodys")));
  CHECK_FALSE(of_first.have(Json::object({{"target", "trunk"}})));
  // Retired: its file is gone, and it is its own all the same.
  fs::remove(dir.path() / "first/services.d/thumbs.toml");
  of_second.look_again();
  CHECK(of_second.have(outcome("thumbs")));
}
