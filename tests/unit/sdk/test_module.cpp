#include <catch2/catch.hpp>

#include <filesystem>
#include <fstream>

#include <cdctl/module.hpp>

#include "tests/support/test_host.hpp"

using namespace cdctl;
namespace fs = std::filesystem;

namespace {

const fs::path k_http = CDCTL_BUILD_DIR "/" CDCTL_LIBDIR "/cdctl-http.so";

std::string refusal(const fs::path& file, const char* symbol) {
  const auto found = module_function<Http*()>(file, symbol, "the module");
  REQUIRE_FALSE(found);
  CHECK(found.error().exit == ExitCode::config);
  return found.error().what;
}

}  // namespace

TEST_CASE("a module is opened when nobody else can write to it") {
  test::TempDir dir;
  CHECK(module_function<Http*()>(k_http, "cdctl_make_http", "the module"));
  CHECK(refusal(dir.path() / "no.so", "x").starts_with("the module cannot be used: "));
  CHECK(refusal(dir.path() / "no.so", "x").contains("no.so: No such file"));
  CHECK(refusal(k_http, "cdctl_no_such_thing").contains("is not a module of this version"));
  const auto copy = dir.path() / "copy.so";
  fs::copy_file(k_http, copy);
  fs::permissions(copy, fs::perms::others_write, fs::perm_options::add);
  CHECK(refusal(copy, "cdctl_make_http").contains("others may write to"));
  std::ofstream(dir.path() / "text.so") << "no library\n";
  CHECK(refusal(dir.path() / "text.so", "x").contains("text.so"));
}
