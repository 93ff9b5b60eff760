#include <filesystem>

#include <fcntl.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include <cdctl/child.hpp>
#include <cdctl/lock.hpp>

#include "tests/support/test_host.hpp"

using namespace cdctl;
using cdctl::test::TempDir;

TEST_CASE("a file lock has one holder, and goes with its object") {
  const TempDir folder;
  const auto path = folder.path() / "lock";
  CHECK_FALSE(FileLock::held(path));  // absent
  {
    const auto first = FileLock::acquire(path, Deadline(Millis(1000)));
    REQUIRE(first);
    REQUIRE(*first);
    CHECK(FileLock::held(path));
    const auto second = FileLock::acquire(path, Deadline(Millis(30)));
    REQUIRE(second);
    CHECK_FALSE(*second);
  }
  CHECK_FALSE(FileLock::held(path));
  const auto again = FileLock::acquire(path, Deadline(Millis(0)));
  REQUIRE(again);
  CHECK(*again);
  CHECK_FALSE(FileLock::acquire(folder.path() / "none" / "lock", Deadline(Millis(0))));
}

TEST_CASE("a lock that another process holds is free once that is killed") {
  const TempDir folder;
  const auto path = folder.path() / "lock";
  auto holder = Child::fork(
      [&](int fd) {
        const auto lock = FileLock::acquire(path, Deadline(Millis(5000)));
        if (lock && *lock) (void)write_all(fd, "held");
        pause_for(Millis(60'000));
      },
      Millis(60'000));
  REQUIRE(holder);
  char word[4];
  REQUIRE(::read(holder->out.get(), word, sizeof word) == 4);
  CHECK(FileLock::held(path));
  holder->end(Millis(0));
  const auto ours = FileLock::acquire(path, Deadline(Millis(5000)));
  REQUIRE(ours);
  CHECK(*ours);
}

TEST_CASE("a lock of an open file is shared by readers, and asked about without being taken") {
  const TempDir folder;
  const auto path = folder.path() / "lock";
  const Fd open(::open(folder.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  CHECK(OfdLock::held(open.get(), "lock") == false);
  auto reader = OfdLock::acquire(path, Deadline(Millis(1000)), OfdLock::Kind::shared);
  REQUIRE(reader);
  REQUIRE(*reader);
  CHECK(*OfdLock::acquire(path, Deadline(Millis(0)), OfdLock::Kind::shared));
  CHECK_FALSE(*OfdLock::acquire(path, Deadline(Millis(20))));
  CHECK(OfdLock::held(open.get(), "lock") == true);
  CHECK((*reader)->still_at(path));
  std::filesystem::remove(path);
  CHECK_FALSE((*reader)->still_at(path));
  CHECK(OfdLock::held(open.get(), "lock") == false);
}

TEST_CASE("a lock does not follow a symlink out of its folder") {
  const TempDir folder;
  std::filesystem::create_symlink(folder.path() / "elsewhere", folder.path() / "lock");
  CHECK_FALSE(OfdLock::acquire(folder.path() / "lock", Deadline(Millis(0))));
  CHECK_FALSE(std::filesystem::exists(folder.path() / "elsewhere"));
}
