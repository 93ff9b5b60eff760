#include <catch2/catch.hpp>

#include <filesystem>
#include <string>

#include <cdctl/fs.hpp>

#include "plugins/bzr/emptied_folder.hpp"
#include "tests/support/test_host.hpp"

using namespace cdctl;

namespace {

namespace fs = std::filesystem;

/// As `brz remove-branch` leaves one.
struct Emptied {
  test::TempDir dir;
  fs::path folder = dir.path() / "fix";

  Emptied() {
    put(".bzr/README");
    put(".bzr/branch-format");
    fs::create_directories(folder / ".bzr/branch-lock");
  }
  void put(const std::string& name) const {
    fs::create_directories((folder / name).parent_path());
    REQUIRE(write_file_atomically(folder / name, "x\n"));
  }
  /// What is beside it and in its place.
  [[nodiscard]] std::ptrdiff_t there() const {
    return std::distance(fs::directory_iterator(dir.path()), fs::directory_iterator());
  }
};

}  // namespace

TEST_CASE("the folder of a branch that was removed goes, too") {
  const Emptied one;
  SECTION("of a shared repository") {}
  SECTION("with revisions of its own") {
    one.put(".bzr/repository/format");
    one.put(".bzr/repository/packs/1.pack");
  }
  SECTION("pushed from a shared repository") { one.put(".bzr/repository/shared-storage"); }
  CHECK(bzr::remove_emptied(one.folder));
  CHECK(one.there() == 0);
  CHECK_FALSE(bzr::remove_emptied(one.folder));
}

TEST_CASE("a folder that holds anything else stays as it is") {
  const Emptied one;
  const std::string what =
      GENERATE("notes.txt", "below/.bzr/branch/format", ".bzr/branch/format",
               ".bzr/checkout/dirstate", ".bzr/branch-lock/held/info", ".bzr/unheard-of");
  CAPTURE(what);
  one.put(what);
  CHECK_FALSE(bzr::remove_emptied(one.folder));
  CHECK(fs::exists(one.folder / what));
  CHECK(one.there() == 1);
}

TEST_CASE("a link, and what is no branch's folder, is not touched") {
  const Emptied one;
  fs::create_directories(one.dir.path() / "plain");
  CHECK_FALSE(bzr::remove_emptied(one.dir.path() / "plain"));
  fs::create_directory_symlink(one.folder, one.dir.path() / "link");
  CHECK_FALSE(bzr::remove_emptied(one.dir.path() / "link"));
  CHECK(one.there() == 3);
}
