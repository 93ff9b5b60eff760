#include <catch2/catch.hpp>

#include <cstdlib>

#include <cdctl/fs.hpp>

#include "core/land/results.hpp"
#include "core/land/target_outcome.hpp"
#include "core/land/targets.hpp"
#include "support/fake_service.hpp"

using namespace cdctl;
using Catch::Matchers::Contains;

TEST_CASE("why a test has failed is told with its log, and how that ends", "[land]") {
  const test::TempDir dir;
  const auto log = dir.path() / "main-1.log";
  REQUIRE(write_file_atomically(log, "begun\n3 of 70 failed\x1b[31m\n\n  \n", 0600));
  CHECK(land::why_with_log("tests: exit status 1", log) ==
        "tests: exit status 1; its log is " + log.string() +
            ", which ends with: 3 of 70 failed\\u001b[31m");
  CHECK(land::why_with_log("its log is " + log.string(), log) ==
        "its log is " + log.string() + ", which ends with: 3 of 70 failed\\u001b[31m");
  CHECK(land::why_with_log("a conflict", {}) == "a conflict");
  const auto gone = dir.path() / "gone.log";
  CHECK(land::why_with_log("x", gone) == "x; its log is " + gone.string());
}

TEST_CASE("an exit status of a shell's own has a meaning", "[land]") {
  CHECK_THAT(land::meaning_of_status(126), Contains("executable"));
  CHECK_THAT(land::meaning_of_status(127), Contains("not there"));
  CHECK(land::meaning_of_status(139) == "ended by signal 11");
  for (const int status : {1, 2, 75, 125, 128, 193, 255})
    CHECK(land::meaning_of_status(status).empty());
}

TEST_CASE("an outcome that is no news has its record and exit code, and no line", "[land]") {
  const test::TempDir home;
  ::setenv("CDCTL_HOME", home.path().c_str(), 1);
  for (const bool news : {true, false}) {
    test::KeptOutput out;
    app::Context context{{}, out};
    land::TargetOutcome outcome(context, "land", "main", "fix", false);
    outcome.fail_with({ExitCode::failed, "tests: exit status 1"});
    if (!news) outcome.no_news();
    outcome.write();
    CHECK(out.lines.size() == (news ? 1 : 0));
    REQUIRE(out.records.size() == 1);
    CHECK(out.records.front()["error"].view() == "tests: exit status 1");
    CHECK(context.exit_code() == 1);
    const auto log = read_file(home.path() / "outcomes.ndjson");
    CHECK((log && log->contains("exit status 1")) == news);
    (void)remove_tree(home.path() / "outcomes.ndjson");
  }
  ::unsetenv("CDCTL_HOME");
}

TEST_CASE("who keeps silent until the deadline could not be asked, whoever it is", "[land]") {
  const Error silent{ExitCode::timeout, "no answer within 3s"};
  for (const bool target : {true, false}) {
    test::KeptOutput out;
    app::Context context{{}, out};
    if (target)
      land::report_target(context, "main", "reading its proposals", silent);
    else
      context.report_record("thumbs", "reading its sources", silent);
    CHECK(context.exit_code() == 4);
    REQUIRE(out.records.size() == 1);
    CHECK(out.records.front()["exit"].as_int() == 4);
    REQUIRE(out.lines.size() == 1);
    CHECK_THAT(out.lines.front(), Contains("no answer within 3s"));
  }
}
