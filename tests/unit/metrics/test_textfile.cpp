#include <catch2/catch.hpp>

#include <filesystem>
#include <string>

#include <fcntl.h>
#include <sys/stat.h>

#include <cdctl/fs.hpp>

#include "core/metrics/textfile.hpp"
#include "tests/support/test_host.hpp"

using namespace cdctl;

namespace {

void age(const std::filesystem::path& path, long seconds) {
  struct timespec times[2]{};
  ::clock_gettime(CLOCK_REALTIME, &times[0]);
  times[0].tv_sec -= seconds;
  times[1] = times[0];
  REQUIRE(::utimensat(AT_FDCWD, path.c_str(), times, 0) == 0);
}

}  // namespace

TEST_CASE("what a killed run left behind is removed by the next, and nothing else") {
  const test::TempDir folder;
  const auto file = folder.path() / "cdctl.prom";
  const auto put = [&](const char* name, long seconds) {
    REQUIRE(write_file_atomically(folder.path() / name, "x\n"));
    age(folder.path() / name, seconds);
  };
  const auto there = [&](const char* name) {
    return std::filesystem::exists(folder.path() / name);
  };
  put("cdctl.prom.4711.new", 90);
  put("cdctl.prom.4712.new", 5);  // somebody may be at it
  for (const auto* other : {"cdctl.prom.new", "cdctl.prom..new", "cdctl.prom.x1.new",
                            "cdctl.prom.1.new.bak", "other.prom.1.new", "cdctl.prom.1"})
    put(other, 90);
  std::filesystem::create_directory(folder.path() / "cdctl.prom.9.new");
  age(folder.path() / "cdctl.prom.9.new", 90);
  REQUIRE(metrics::write_textfile(file, "a 1\n"));
  CHECK(*read_file(file) == "a 1\n");
  CHECK_FALSE(there("cdctl.prom.4711.new"));
  for (const auto* kept :
       {"cdctl.prom.4712.new", "cdctl.prom.new", "cdctl.prom..new", "cdctl.prom.x1.new",
        "cdctl.prom.1.new.bak", "other.prom.1.new", "cdctl.prom.1", "cdctl.prom.9.new"}) {
    INFO(kept);
    CHECK(there(kept));
  }
}
