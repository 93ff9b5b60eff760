#include <catch2/catch.hpp>

#include <fcntl.h>
#include <sys/stat.h>

#include <cdctl/fs.hpp>

#include "core/app/share.hpp"
#include "core/land/passing_line.hpp"
#include "core/land/sandbox.hpp"
#include "tests/support/test_host.hpp"

using namespace cdctl;
using namespace std::chrono_literals;

TEST_CASE("how much of a time is over is said in whole seconds", "[land]") {
  CHECK(app::share_of(3s, 10s) == "[3/10] ");
  CHECK(app::share_of(3999ms, 10s) == "[3/10] ");
  CHECK(app::share_of(0s, 1500ms) == "[0/2] ");
  CHECK(app::share_of(12s, 10s) == "[10/10] ");
  CHECK(app::share_of(0s, 999ms).empty());
}

TEST_CASE("who waits for a test sees its time, its last line, and its silence", "[land]") {
  const test::TempDir dir;
  const auto log = dir.path() / "main-1.log";
  const auto at = *parse_rfc3339("2026-11-30T12:00:00.250Z");
  const auto said = [&](std::string_view text, long ago) {
    REQUIRE(write_file_atomically(log, text, 0600));
    const struct timespec then{at.time_since_epoch().count() / 1000 - ago, 250'000'000};
    const struct timespec times[2]{then, then};
    REQUIRE(::utimensat(AT_FDCWD, log.c_str(), times, 0) == 0);
  };
  const auto line = [&] { return land::passing_line("main: fix", log, {72s, 1h, 15min}, at); };
  CHECK(line() == "[72/3600] main: fix");  // it is not there yet
  said("", 0);
  CHECK(line() == "[72/3600] main: fix");
  said("", 7);
  CHECK(line() == "[72/3600] main: fix (silent for 7s of 15m)");
  said("begun\n3 of 70 passed\n\n", 1);
  CHECK(line() == "[72/3600] main: fix: 3 of 70 passed");
  said("begun\n3 of 70\x1b[31m", 90);
  CHECK(line() == "[72/3600] main: fix: 3 of 70\\u001b[31m (silent for 90s of 15m)");
  // Of a log that is too long the end is written last.
  said(std::string(land::SandboxJob::k_log_head, 'x') + "\nend\n", 90);
  CHECK(line() == "[72/3600] main: fix: end");
}
