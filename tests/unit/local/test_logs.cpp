#include <catch2/catch.hpp>

#include <csignal>
#include <fstream>

#include <sys/resource.h>

#include <fmt/format.h>

#include "plugins/local/kept_logs.hpp"
#include "plugins/local/log_lines.hpp"
#include "plugins/local/log_reader.hpp"
#include "plugins/local/supervise/log_file.hpp"
#include "tests/support/local_home.hpp"

using namespace cdctl;
using namespace cdctl::test;
namespace fs = std::filesystem;

namespace {

/// All that there is, as `unit: text`; what the engine says in brackets.
std::vector<std::string> read_all(UnitLogReader& reader, Millis wait = Millis(0)) {
  std::vector<std::string> out;
  while (!reader.at_end()) {
    const auto lines = must(reader.next(wait));
    if (lines.empty() && wait > Millis(0)) break;
    for (const auto& line : lines)
      out.push_back(line.unit + ": " + (line.engine ? "[" + line.text + "]" : line.text));
  }
  return out;
}

std::string at(int second, std::string_view text, bool engine = false) {
  return local::line_stamp(*parse_rfc3339("2026-11-23T04:11:00Z") + std::chrono::seconds(second),
                           engine) +
         std::string(text) + "\n";
}

/// A folder of logs, and a set's folder beside it.
struct Logs {
  TempDir dir;
  fs::path units = dir.path() / "units", set = dir.path() / "set";
  Logs() { fs::create_directories(units), fs::create_directories(set); }
  void add(const std::string& file, const std::string& text) const {
    std::ofstream(units / file, std::ios::app) << text;
  }
  [[nodiscard]] std::vector<std::string> read(LogQuery query = {}) const {
    local::LogReader reader(units, set, {{"0", "worker"}}, std::move(query));
    return read_all(reader);
  }
  void rotate() const { fs::rename(units / "0.log", units / "0.log.1"); }
};

using Lines = std::vector<std::string>;

}  // namespace

TEST_CASE("lines of several units come by their time, the older file first") {
  const Logs logs;
  logs.add("0.log.1", at(1, "a") + at(3, "b"));
  logs.add("0.log", at(5, "c") + at(7, "exit status 1; starts again in 100ms", true));
  logs.add("1.log", at(2, "x") + at(6, "y"));
  CHECK(logs.read() ==
        Lines{"0: a", "1: x", "0: b", "0: c", "1: y", "0: [exit status 1; starts again in 100ms]"});
  CHECK(logs.read({.units = {"1"}, .since = {}, .tail = {}, .follow = false}) ==
        Lines{"1: x", "1: y"});
  CHECK(logs.read({.units = {},
                   .since = parse_rfc3339("2026-11-23T04:11:05Z"),
                   .tail = {},
                   .follow = false}) ==
        Lines{"0: c", "1: y", "0: [exit status 1; starts again in 100ms]"});
}

TEST_CASE("the last lines of a unit may be in both of its files") {
  const Logs logs;
  logs.add("0.log.1", at(1, "a") + at(2, "b"));
  logs.add("0.log", at(3, "c") + at(4, "d"));
  const auto tail = [&](std::int64_t count) {
    return logs.read({.units = {}, .since = {}, .tail = count, .follow = false});
  };
  CHECK(tail(0).empty());
  CHECK(tail(1) == Lines{"0: d"});
  CHECK(tail(2) == Lines{"0: c", "0: d"});
  CHECK(tail(3) == Lines{"0: b", "0: c", "0: d"});
  CHECK(tail(9) == Lines{"0: a", "0: b", "0: c", "0: d"});
  logs.add("0.log", "no end");
  CHECK(tail(1) == Lines{"0: no end"});
}

TEST_CASE("what an older cdctl wrote has no time, and is shown as it stands") {
  const Logs logs;
  logs.add("0.log", "plain\n[cdctl 2026-11-23T04:11:30.120Z] exit status 1\n");
  CHECK(logs.read() == Lines{"0: plain", "0: [cdctl 2026-11-23T04:11:30.120Z] exit status 1"});
}

TEST_CASE("a line without an end costs no memory, and tells how long it was") {
  const Logs logs;
  logs.add("0.log", local::line_stamp(now(), false) + std::string(3'000'000, 'x'));
  logs.add("0.log", "\n" + at(1, "next"));
  local::LogReader reader(logs.units, logs.set, {}, {});
  const auto lines = must(reader.next(Millis(0)));
  REQUIRE(lines.size() == 2);
  CHECK(lines[0].text.size() <= local::k_longest_line);
  CHECK(lines[0].text.size() + static_cast<std::size_t>(lines[0].left_out) >= 3'000'000);
  CHECK(lines[1].text == "next");
  CHECK(lines[1].left_out == 0);
}

TEST_CASE("who follows goes on over rotations, and ends when the set is gone") {
  const Logs logs;
  logs.add("0.log", at(1, "a"));
  local::LogReader reader(logs.units, logs.set, {},
                          {.units = {}, .since = {}, .tail = 1, .follow = true});
  const auto come = [&] { return read_all(reader, Millis(20)); };
  CHECK(come() == Lines{"0: a"});
  logs.add("0.log", at(2, "b") + "half");
  CHECK(come() == Lines{"0: b"});
  logs.add("0.log", " and whole\n" + at(3, "before the rotation"));
  logs.rotate();
  logs.add("0.log", at(4, "after"));
  CHECK(come() == Lines{"0: half and whole", "0: before the rotation", "0: after"});
  logs.rotate();
  logs.add("0.log", at(5, "once"));
  logs.rotate();
  logs.add("0.log", at(6, "twice"));
  CHECK(come() == Lines{"0: once", "0: twice"});
  logs.add("1.log", at(7, "a unit that was added"));
  CHECK(come() == Lines{"1: a unit that was added"});
  logs.add("0.log", "its last words");
  fs::remove(logs.set);
  CHECK(come() == Lines{"0: its last words"});
  CHECK(reader.at_end());
}

TEST_CASE("each line of a unit gets its time, and none of them can speak for the engine") {
  TempDir dir;
  const auto file = dir.path() / "0.log";
  {
    local::LogFile log(file.string());
    log.write("one\ntw");
    log.write("o\n2026-11-23T04:11:30.120Z! exit status 1\nmid");
    log.note("signal 9 (Killed); starts again in 100ms");
    log.write("after\nkilled in the mid");
  }
  local::LogFile next(file.string());
  next.write("dle\n");
  local::LogReader reader(dir.path(), {}, {}, {});
  CHECK(read_all(reader) == Lines{"0: one", "0: two", "0: 2026-11-23T04:11:30.120Z! exit status 1",
                                  "0: mid", "0: [signal 9 (Killed); starts again in 100ms]",
                                  "0: after", "0: killed in the middle"});
}

namespace {

/// A file that grows to no more than so many bytes, as on a full disk: the last write is cut short.
class SmallDisk {
 public:
  explicit SmallDisk(rlim_t bytes) {
    ::signal(SIGXFSZ, SIG_IGN);
    REQUIRE(::getrlimit(RLIMIT_FSIZE, &before_) == 0);
    const rlimit small{bytes, before_.rlim_max};
    REQUIRE(::setrlimit(RLIMIT_FSIZE, &small) == 0);
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;
  ~SmallDisk() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    ::signal(SIGXFSZ, SIG_DFL);
  }

 private:
  rlimit before_{};
};

}  // namespace

TEST_CASE(
    "a full disk loses whole lines of a unit, and how many bytes is said in a line of its own") {
  TempDir dir;
  const auto file = dir.path() / "0.log";
  local::LogFile log(file.string());
  log.write("before\n");
  const auto room = fs::file_size(file);
  for (const std::size_t more :
       {0, 10, 26, 30, 34, 40, 70}) {  // in a stamp, in a word, after a line
    INFO(more);
    fs::resize_file(file, room);
    local::LogFile unit(file.string());
    {
      const SmallDisk disk(room + more);
      unit.write("one\n");
      unit.write("two\nthr");
      for (int i = 0; i < 100; ++i) unit.write("123456789\n");
      unit.note("exit status 1");
    }
    unit.write("after\n");
    local::LogReader reader(dir.path(), {}, {}, {});
    const auto lines = read_all(reader);
    REQUIRE(lines.size() >= 3);
    CHECK(lines.front() == "0: before");
    CHECK(lines.back() == "0: after");
    std::size_t kept = 0;
    for (std::size_t i = 1; i + 2 < lines.size(); ++i) {
      CHECK((lines[i] == "0: one" || lines[i] == "0: two" || lines[i] == "0: thr"));
      kept += lines[i] == "0: thr" ? 3 : 4;
    }
    const auto lost = 4 + 7 + 100 * 10 - kept;
    CHECK(lines[lines.size() - 2] == fmt::format("0: [{} bytes could not be written here]", lost));
  }
}

TEST_CASE("the logs of a set outlive it for as long as they are to be kept") {
  LocalHome home;
  home.deploy("echo hello; exec sleep 1000");
  const auto read = [&]() -> Lines {
    const auto reader = must(home.engine.logs(k_set, {}, soon()));
    return reader ? read_all(*reader) : Lines{"nothing"};
  };
  REQUIRE(eventually([&] { return read() == Lines{"0: hello"}; }));
  must(home.reap());
  CHECK_FALSE(fs::exists(home.folder()));
  CHECK(read() == Lines{"0: hello", "0: [signal 15 (Terminated)]"});
  const auto reader = must(home.engine.logs(k_set, {}, soon()));
  CHECK(must(reader->next(Millis(0))).at(0).process == "worker");
  // Its time is over when the next one goes
  const SetName other{"thumbs", "r0000000001"};
  must(local::keep_logs(home.paths, other, Millis(0)));
  CHECK(read() == Lines{"nothing"});
}
