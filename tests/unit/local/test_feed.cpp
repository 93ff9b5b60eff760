#include <fstream>
#include <set>
#include <thread>

#include <sys/wait.h>
#include <unistd.h>

#include <fmt/format.h>
#include <catch2/catch.hpp>

#include "plugins/local/feed.hpp"
#include "plugins/local/feed_reader.hpp"
#include "tests/support/test_host.hpp"

using namespace cdctl;
using namespace cdctl::local;

namespace {

struct Fixture {
  test::TempDir dir;
  test::TestHost host{dir.path() / "home"};
  LocalFeed feed{host};
  HomePaths paths{dir.path() / "home"};
  Deadline soon{Millis(5000)};

  void send(const std::string& id) {
    const std::vector<Json> signals{
        Json::object({{"schema", "cdctl.signal/1"}, {"id", id}, {"set", "thumbs-r5f0c1e9a2b"}})};
    REQUIRE(feed.send(signals, soon));
  }
  std::unique_ptr<FeedReader> open(const FeedQuery& query) {
    auto reader = feed.open(query, soon);
    REQUIRE(reader);
    return std::move(*reader);
  }
  std::filesystem::path newest_segment() { return paths.segment(segments(paths)->back()); }
};

std::string ids(FeedReader& reader, Millis wait = Millis(0)) {
  std::string out;
  for (;;) {
    const auto batch = reader.next(wait);
    REQUIRE(batch);
    if (batch->empty()) return out;
    for (const auto& signal : *batch) out += signal["id"].as_string() + " ";
  }
}

FeedQuery everything() { return {Time(), "", false}; }

}  // namespace

TEST_CASE("an empty feed ends at once") {
  Fixture f;
  const auto reader = f.open(everything());
  CHECK(reader->at_end());
  CHECK(ids(*reader).empty());
  CHECK_FALSE(std::filesystem::exists(f.paths.feed()));
}

TEST_CASE("signals come back in order with the time the feed received them") {
  Fixture f;
  const auto before = now();
  f.send("a");
  f.send("b");
  const auto reader = f.open(everything());
  const auto batch = *reader->next(Millis(0));
  REQUIRE(batch.size() == 2);
  CHECK(batch[0]["id"].view() == "a");
  const auto received = parse_rfc3339(batch[1]["received"].view());
  REQUIRE(received);
  CHECK(*received >= before);
  CHECK(*received <= now());
  CHECK(reader->at_end());
}

TEST_CASE("a reader goes on after its cursor") {
  Fixture f;
  f.send("a");
  const auto first = f.open(everything());
  CHECK(ids(*first) == "a ");
  f.send("b");
  const auto second = f.open({Time(), first->cursor(), false});
  CHECK(ids(*second) == "b ");
  CHECK(ids(*f.open({Time(), second->cursor(), false})).empty());
  CHECK(f.feed.open({{}, "nonsense", false}, f.soon).error().exit == ExitCode::usage);
  CHECK(f.feed.open({{}, "20261123T07:-4", false}, f.soon).error().exit == ExitCode::usage);
}

TEST_CASE("since leaves out what was received before") {
  Fixture f;
  f.send("a");
  std::this_thread::sleep_for(Millis(5));
  const auto middle = now();
  f.send("b");
  CHECK(ids(*f.open({middle, "", false})) == "b ");
}

TEST_CASE("without since and cursor a reader begins now") {
  Fixture f;
  f.send("a");
  const auto reader = f.open({{}, "", true});
  CHECK(ids(*reader).empty());
  f.send("b");
  CHECK(ids(*reader) == "b ");
}

TEST_CASE("a follower is woken by a signal, and by the first of a new feed") {
  Fixture f;
  const auto reader = f.open({{}, "", true});
  CHECK_FALSE(reader->at_end());
  std::thread sender([&] {
    std::this_thread::sleep_for(Millis(30));
    f.send("a");
  });
  const Deadline quick(Millis(4000));
  const auto batch = reader->next(Millis(5000));
  sender.join();
  REQUIRE(batch);
  REQUIRE(batch->size() == 1);
  CHECK_FALSE(quick.passed());
  CHECK(reader->next(Millis(10))->empty());
}

TEST_CASE("lines that a crash tore or that are no signals are passed over") {
  Fixture f;
  f.send("a");
  {
    std::ofstream file(f.newest_segment(), std::ios::app);
    file << "not json\n[1]\n\n" << std::string(5, '\0') << "\n{\"id\":\"torn";
  }
  const auto reader = f.open(everything());
  CHECK(ids(*reader) == "a ");
  CHECK(reader->at_end());
  const auto cursor = reader->cursor();
  f.send("b");
  CHECK(ids(*f.open(everything())) == "a b ");
  CHECK(ids(*f.open({{}, cursor, false})) == "b ");
}

TEST_CASE("a line of which a sender has written half is read once it is whole") {
  Fixture f;
  f.send("a");
  const auto reader = f.open({Time(), "", true});
  CHECK(ids(*reader) == "a ");
  std::ofstream file(f.newest_segment(), std::ios::app);
  file << "{\"id\":" << std::flush;
  CHECK(ids(*reader).empty());
  const auto short_reader = f.open(everything());
  CHECK(ids(*short_reader) == "a ");
  CHECK(short_reader->at_end());
  file << "\"b\"}\n" << std::flush;
  CHECK(ids(*reader) == "b ");
  CHECK(ids(*f.open({{}, short_reader->cursor(), false})) == "b ");
}

TEST_CASE("a reader goes from one hour to the next, past a torn end and a pruned file") {
  Fixture f;
  std::filesystem::create_directories(f.paths.feed());
  std::ofstream(f.paths.segment("20200101T00")) << "{\"id\":\"a\"}\n{\"id\":\"to";
  std::ofstream(f.paths.segment("20200101T05")) << "{\"id\":\"b\"}\n";
  CHECK(ids(*f.open(everything())) == "a b ");
  CHECK(ids(*f.open({{}, "20190101T00:99", false})) == "a b ");
}

TEST_CASE("a line longer than any signal is passed over") {
  Fixture f;
  std::filesystem::create_directories(f.paths.feed());
  std::ofstream(f.paths.segment("20200101T00"))
      << "{\"id\":\"a\"}\n"
      << std::string(9u << 20, 'x') << "\n{\"id\":\"b\"}\n";
  CHECK(ids(*f.open(everything())) == "a b ");
}

TEST_CASE("senders remove what is older than seven days, and never write behind the newest file") {
  Fixture f;
  std::filesystem::create_directories(f.paths.feed());
  std::ofstream(f.paths.segment("20200101T00")) << "{\"id\":\"old\"}\n";
  f.send("a");
  CHECK(ids(*f.open(everything())) == "a ");
  std::ofstream(f.paths.segment("29990101T00")) << "{\"id\":\"from a wrong clock\"}\n";
  f.send("b");
  CHECK(ids(*f.open(everything())) == "a from a wrong clock b ");
}

TEST_CASE("many senders at once lose nothing and mix nothing") {
  Fixture f;
  std::vector<pid_t> children;
  for (int c = 0; c < 4; ++c) {
    const auto pid = ::fork();
    if (pid == 0) {
      for (int i = 0; i < 25; ++i) {
        const std::vector<Json> one{Json::object(
            {{"id", fmt::format("{}-{}", c, i)}, {"message", std::string(2000, 'm')}})};
        if (!f.feed.send(one, Deadline(Millis(20'000)))) ::_exit(1);
      }
      ::_exit(0);
    }
    children.push_back(pid);
  }
  const auto reader = f.open({Time(), "", true});
  std::set<std::string> seen;
  std::size_t count = 0;
  for (const Deadline deadline(Millis(20'000)); count < 100 && !deadline.passed();) {
    const auto batch = reader->next(Millis(200));
    REQUIRE(batch);
    for (const auto& signal : *batch) {
      seen.insert(signal["id"].as_string());
      ++count;
    }
  }
  for (const auto pid : children) {
    int status = 0;
    ::waitpid(pid, &status, 0);
    CHECK(status == 0);
  }
  CHECK(count == 100);
  CHECK(seen.size() == 100);
}

TEST_CASE("a sender that is killed while it writes leaves a feed that works") {
  Fixture f;
  f.send("a");
  const auto pid = ::fork();
  if (pid == 0) {
    ::setenv("CDCTL_TEST_CRASH_AT", "local.feed.written", 1);
    f.send("b");
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(pid, &status, 0);
  CHECK(WIFSIGNALED(status));
  f.send("c");
  CHECK(ids(*f.open(everything())) == "a b c ");
}

TEST_CASE("a follower has a position from its start on, also in an empty feed") {
  Fixture f;
  const auto first = f.open({{}, "", true});
  const auto before_all = first->cursor();
  CHECK_FALSE(before_all.empty());
  f.send("a");
  CHECK(ids(*f.open({{}, before_all, true})) == "a ");
  const auto second = f.open({{}, "", true});
  const auto after_a = second->cursor();
  CHECK(after_a != before_all);
  f.send("b");
  CHECK(ids(*f.open({{}, after_a, true})) == "b ");
}

TEST_CASE("who looks back is given again what was before its position, and marked so") {
  Fixture f;
  f.send("a");
  f.send("b");
  const auto from = f.open({{}, "", true})->cursor();
  f.send("c");
  const auto marks = [&](FeedReader& reader) {
    std::string out;
    const auto batch = *reader.next(Millis(0));
    for (const auto& signal : batch)
      out += signal["id"].as_string() + (signal["replayed"].as_bool() ? "- " : " ");
    return out;
  };
  const auto reader = f.open({now() - std::chrono::hours(1), from, true});
  CHECK(reader->cursor() == from);  // what is given again moves nothing
  CHECK(marks(*reader) == "a- b- c ");
  CHECK(reader->cursor() > from);
  std::this_thread::sleep_for(Millis(20));
  const auto barely = f.open({now(), from, true});  // and what is new comes in any case
  CHECK(marks(*barely) == "c ");
}
