#include <catch2/catch.hpp>

#include <cdctl/error.hpp>

using namespace cdctl;

TEST_CASE("an error keeps its reason when somebody says where it happened") {
  const Error error = Error{ExitCode::config, "none", true}.because(Reason::no_configuration);
  CHECK(error.what == "none");
  CHECK(error.transient);
  const auto further = error.in("doing this");
  CHECK(further.what == "doing this: none");
  CHECK(further.reason == Reason::no_configuration);
  CHECK(further.exit == ExitCode::config);
  CHECK(Error{ExitCode::failed, "x"}.reason == Reason::other);
}
