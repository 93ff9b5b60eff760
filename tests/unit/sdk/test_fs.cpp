#include <cerrno>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <string>
#include <thread>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include <cdctl/digest.hpp>
#include <cdctl/fs.hpp>
#include <cdctl/time.hpp>

#include "tests/support/memory_use.hpp"
#include "tests/support/show_result.hpp"
#include "tests/support/test_host.hpp"

using namespace cdctl;
using cdctl::test::peak_growth;
using cdctl::test::TempDir;

namespace {

struct Ends {
  Fd read, write;
};
Ends pipe_of(int flags) {
  int fds[2];
  REQUIRE(::pipe2(fds, flags) == 0);
  return {Fd(fds[0]), Fd(fds[1])};
}

extern "C" void hear_nothing(int) {}

}  // namespace

TEST_CASE("a descriptor is closed with its object, and moves") {
  auto ends = pipe_of(O_CLOEXEC);
  const int number = ends.write.get();
  {
    const Fd moved = std::move(ends.write);
    CHECK_FALSE(ends.write.valid());  // NOLINT: what a move leaves
    CHECK(moved.get() == number);
  }
  CHECK(::fcntl(number, F_GETFD) == -1);
  const int released = ends.read.release();
  CHECK_FALSE(ends.read.valid());
  CHECK(::close(released) == 0);
}

TEST_CASE("all is written to a full pipe, signals or none, once somebody reads") {
  const auto ends = pipe_of(O_CLOEXEC);
  const std::string text(1 << 20, 'x');
  struct sigaction action{}, before{};
  action.sa_handler = hear_nothing;  // without SA_RESTART: a write is broken off
  ::sigaction(SIGUSR1, &action, &before);
  const auto writer = ::pthread_self();
  std::size_t read = 0;
  std::jthread reader([&] {
    char buffer[4096];
    while (read < text.size()) {
      std::this_thread::sleep_for(std::chrono::microseconds(200));
      ::pthread_kill(writer, SIGUSR1);
      if (const auto got = ::read(ends.read.get(), buffer, sizeof buffer); got > 0)
        read += static_cast<std::size_t>(got);
    }
  });
  CHECK(write_all(ends.write.get(), text));
  reader.join();
  CHECK(read == text.size());
  ::sigaction(SIGUSR1, &before, nullptr);
}

TEST_CASE("a write that cannot be done says why") {
  const auto full = pipe_of(O_CLOEXEC | O_NONBLOCK);
  errno = 0;
  CHECK_FALSE(write_all(full.write.get(), std::string(1 << 20, 'x')));
  CHECK(errno == EAGAIN);
  CHECK(write_all(full.write.get(), ""));
  auto ends = pipe_of(O_CLOEXEC);
  ends.read.reset();
  const auto before = std::signal(SIGPIPE, SIG_IGN);
  CHECK_FALSE(write_all(ends.write.get(), "x"));
  CHECK(errno == EPIPE);
  std::signal(SIGPIPE, before);
  CHECK_FALSE(write_all(-1, "x"));
  CHECK(errno == EBADF);
  const Fd disk(::open("/dev/full", O_WRONLY | O_CLOEXEC));
  if (disk.valid()) {
    CHECK_FALSE(write_all(disk.get(), "x"));
    CHECK(errno == ENOSPC);
  }
}

TEST_CASE("a file is written whole, with its mode, and read back within its bound") {
  const TempDir folder;
  const auto path = folder.path() / "file";
  CHECK(*read_file_if_there(path) == std::nullopt);
  CHECK_FALSE(read_file(path));
  REQUIRE(write_file_atomically(path, "old", 0600));
  REQUIRE(write_file_atomically(path, "new and longer", 0600));
  struct stat info{};
  REQUIRE(::stat(path.c_str(), &info) == 0);
  CHECK((info.st_mode & 0777) == 0600);
  CHECK(*read_file(path) == "new and longer");
  CHECK(**read_file_if_there(path) == "new and longer");
  CHECK_FALSE(read_file(path, 5));
  CHECK(std::distance(std::filesystem::directory_iterator(folder.path()), {}) == 1);
  CHECK_FALSE(write_file_atomically(folder.path() / "none" / "file", "x"));
}

TEST_CASE("what is no regular file, or too large, is refused at once and costs nothing") {
  const TempDir folder;
  const auto fifo = folder.path() / "fifo", large = folder.path() / "large",
             zero = folder.path() / "zero";
  REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
  REQUIRE(write_file_atomically(large, ""));
  std::filesystem::resize_file(large, 2ULL << 30);  // sparse
  std::filesystem::create_symlink("/dev/zero", zero);
  std::filesystem::create_symlink(large, folder.path() / "link");
  const auto began = std::chrono::steady_clock::now();
  const auto growth = peak_growth([&] {
    for (const auto& path : {fifo, zero, folder.path()}) {
      CHECK(read_file(path).error().what.ends_with("not a regular file"));
      CHECK(sha256_of_file(path).error().what.ends_with("not a regular file"));
      CHECK_FALSE(open_regular_file(path));
      CHECK_FALSE(read_file_if_there(path));
    }
    for (const auto& path : {large, folder.path() / "link"}) {
      CHECK(read_file(path).error().what.ends_with("larger than 67108864 bytes"));
      CHECK(sha256_of_file(path).error().what.ends_with("larger than 67108864 bytes"));
    }
  });
  CHECK(growth < 8);
  CHECK(std::chrono::steady_clock::now() - began < std::chrono::seconds(2));
}

TEST_CASE("folders are made with their parents, unless a file is in the way") {
  const TempDir folder;
  REQUIRE(make_directories(folder.path() / "a" / "b", 0700));
  REQUIRE(make_directories(folder.path() / "a" / "b", 0700));
  REQUIRE(write_file_atomically(folder.path() / "file", "x"));
  const auto refused = make_directories(folder.path() / "file");
  REQUIRE_FALSE(refused);
  CHECK(refused.error().what.contains("is in the way"));
}

TEST_CASE("a tree is removed, but not what its symlinks lead to") {
  const TempDir folder;
  const auto tree = folder.path() / "tree", kept = folder.path() / "kept";
  REQUIRE(make_directories(tree / "deep" / "er"));
  REQUIRE(make_directories(kept));
  REQUIRE(write_file_atomically(kept / "file", "x"));
  std::filesystem::create_symlink(kept, tree / "link");
  ::chmod((tree / "deep").c_str(), 0500);
  CHECK(remove_tree(tree));
  CHECK_FALSE(std::filesystem::exists(tree));
  CHECK(std::filesystem::exists(kept / "file"));
  CHECK(remove_tree(tree));
}
