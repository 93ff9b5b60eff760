#include <catch2/catch.hpp>

#include <fstream>
#include <thread>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/records/outcome_log.hpp"
#include "tests/support/show_result.hpp"

using namespace cdctl;
using namespace cdctl::records;

namespace {

struct Home {
  std::filesystem::path path;
  Home() {
    std::string name = (std::filesystem::temp_directory_path() / "cdctl-log-XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()));
    path = name;
  }
  ~Home() { (void)remove_tree(path); }
  void raw(std::string_view text) const {
    std::ofstream(path / "outcomes.ndjson", std::ios::app) << text;
  }
  void add(int n, const records::LogBounds& bounds = {}) const {
    REQUIRE(records::append_to_log(path, R"({"n":)" + std::to_string(n) + "}", bounds));
  }
};

std::vector<std::int64_t> rest(records::LogReader& reader) {
  std::vector<std::int64_t> out;
  for (;;) {
    const auto record = reader.next();
    REQUIRE(record);
    if (!*record) return out;
    out.push_back((**record)["n"].as_int());
  }
}

std::vector<std::int64_t> range(std::int64_t from, std::int64_t to) {
  std::vector<std::int64_t> out;
  for (; from <= to; ++from) out.push_back(from);
  return out;
}

records::LogReader open(const Home& home) {
  auto reader = records::LogReader::open(home.path, {});
  REQUIRE(reader);
  return std::move(*reader);
}

}  // namespace

TEST_CASE("a log is read as it was written, and only its owner may read it") {
  const Home home;
  auto none = open(home);
  CHECK(rest(none).empty());
  for (int n = 1; n <= 3; ++n) home.add(n);
  auto reader = open(home);
  CHECK(rest(reader) == range(1, 3));
  CHECK(rest(none) == range(1, 3));  // it came into being after the reader
  struct stat info{};
  REQUIRE(::stat((home.path / "outcomes.ndjson").c_str(), &info) == 0);
  CHECK((info.st_mode & 0777) == 0600);
}

TEST_CASE("a torn line costs itself and no other") {
  const Home home;
  home.add(1);
  home.raw(R"({"n":2,"set":"thu)");  // killed here
  auto before = open(home);
  CHECK(rest(before) == range(1, 1));
  CHECK(before.unreadable() == 0);  // it may still get its end
  home.add(3);
  CHECK(rest(before) == range(3, 3));
  CHECK(before.unreadable() == 1);
  home.raw("not json\n\n");
  home.add(4);
  auto after = open(home);
  CHECK(rest(after) == std::vector<std::int64_t>{1, 3, 4});
  CHECK(after.unreadable() == 2);
}

TEST_CASE("a line that comes in two writes is one record") {
  const Home home;
  home.raw(R"({"n":)");
  auto reader = open(home);
  CHECK(rest(reader).empty());
  home.raw("7}\n");
  CHECK(rest(reader) == range(7, 7));
}

TEST_CASE("a line of any length is one line that could not be read") {
  const Home home;
  home.add(1);
  home.raw(std::string(9 << 20, 'x') + R"({"n":2})" + "\n");
  home.add(3);
  auto reader = open(home);
  CHECK(rest(reader) == std::vector<std::int64_t>{1, 3});
  CHECK(reader.unreadable() == 1);
  home.raw(std::string(5 << 20, 'y'));
  CHECK(rest(reader).empty());
  CHECK(reader.unreadable() == 1);  // it may still get its end
  home.raw("\n");
  home.add(4);
  CHECK(rest(reader) == range(4, 4));
  CHECK(reader.unreadable() == 2);
}

TEST_CASE(
    "an endless line at the end of a rotated file is counted, and costs the next file nothing") {
  const Home home;
  home.raw(std::string(5 << 20, 'x'));
  std::filesystem::rename(home.path / "outcomes.ndjson", home.path / "outcomes.1.ndjson");
  home.add(1);
  auto reader = open(home);
  CHECK(rest(reader) == range(1, 1));
  CHECK(reader.unreadable() == 1);
}

TEST_CASE("a log that is a pipe or a device is neither waited for nor written to") {
  const Home home;
  REQUIRE(::mkfifo((home.path / "outcomes.ndjson").c_str(), 0600) == 0);
  auto pipe = records::LogReader::open(home.path, {});
  REQUIRE_FALSE(pipe);
  CHECK(pipe.error().exit == ExitCode::unknown);
  CHECK(pipe.error().what.contains("is no regular file"));
  const Fd far_end(
      ::open((home.path / "outcomes.ndjson").c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  const auto added = records::append_to_log(home.path, R"({"n":1})");
  REQUIRE_FALSE(added);
  CHECK(added.error().what.contains("outcomes.ndjson: it is no regular file"));
  char byte = 0;
  CHECK(::read(far_end.get(), &byte, 1) <= 0);
  std::filesystem::remove(home.path / "outcomes.ndjson");
  std::filesystem::create_directory(home.path / "outcomes.ndjson");
  CHECK_FALSE(records::LogReader::open(home.path, {}));
}

TEST_CASE("rotation bounds the log, and keeps the order of what stays") {
  const Home home;
  const records::LogBounds bounds{.bytes = 80, .files = 3};  // ten records a file
  for (int n = 1; n <= 95; ++n) home.add(n, bounds);
  auto reader = open(home);
  const auto seen = rest(reader);
  REQUIRE(!seen.empty());
  CHECK(seen == range(seen.front(), 95));
  CHECK(seen.size() >= 25);
  CHECK(seen.size() <= 41);
  CHECK(std::distance(std::filesystem::directory_iterator(home.path), {}) <= 4);
}

TEST_CASE("a reader goes on through rotations that happen behind its back") {
  const Home home;
  const records::LogBounds bounds{.bytes = 80, .files = 30};
  for (int n = 1; n <= 5; ++n) home.add(n, bounds);
  auto reader = open(home);
  CHECK(rest(reader) == range(1, 5));
  for (int n = 6; n <= 60; ++n) home.add(n, bounds);
  CHECK(rest(reader) == range(6, 60));
  for (int n = 61; n <= 62; ++n) home.add(n, bounds);
  CHECK(rest(reader) == range(61, 62));
}

TEST_CASE("a line that has its file rotated is read before another one comes") {
  const Home home;
  const records::LogBounds bounds{.bytes = 1, .files = 10};
  auto reader = open(home);
  home.add(1, bounds);
  CHECK(rest(reader) == range(1, 1));
  home.add(2, bounds);
  home.add(3, bounds);
  CHECK(rest(reader) == range(2, 3));
}

TEST_CASE("many writers lose no line to a rotation") {
  const Home home;
  const records::LogBounds bounds{.bytes = 2000, .files = 1000};
  auto reader = open(home);
  std::vector<std::int64_t> seen;
  {
    std::vector<std::jthread> writers;
    for (int w = 0; w < 4; ++w)
      writers.emplace_back([&, w] {
        for (int n = 0; n < 500; ++n) home.add(w * 500 + n, bounds);
      });
    for (int looks = 0; looks < 50; ++looks)
      std::ranges::copy(rest(reader), std::back_inserter(seen));
  }
  std::ranges::copy(rest(reader), std::back_inserter(seen));
  for (int looks = 0; looks < 100 && seen.size() < 2000; ++looks)
    std::ranges::copy(rest(reader), std::back_inserter(seen));
  CHECK(reader.unreadable() == 0);
  std::ranges::sort(seen);
  CHECK(seen == range(0, 1999));
}
