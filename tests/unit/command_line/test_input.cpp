#include <catch2/catch.hpp>

#include <csignal>
#include <optional>
#include <thread>

#include <fcntl.h>
#include <unistd.h>

#include <cdctl/fs.hpp>

#include "cli/input/record_reader.hpp"
#include "tests/support/memory_use.hpp"

using namespace cdctl;
using cdctl::cli::LineReader;

namespace {

/// Standard input is what `write` puts into a pipe, for as long as this lives.
class Input {
 public:
  explicit Input(std::function<void(int fd)> write) : kept_(::dup(STDIN_FILENO)) {
    int fds[2];
    REQUIRE(::pipe2(fds, O_CLOEXEC) == 0);
    ::dup2(fds[0], STDIN_FILENO);
    ::close(fds[0]);
    writer_ = std::thread([write = std::move(write), end = Fd(fds[1])] { write(end.get()); });
  }
  ~Input() {
    ::dup2(kept_.get(), STDIN_FILENO);
    writer_.join();
  }

 private:
  Fd kept_;
  std::thread writer_;
};

struct Read {
  std::vector<std::pair<std::size_t, std::string>> lines;  ///< with their numbers
  std::vector<std::string> errors;
};

Read read_all() {
  Read out;
  LineReader reader([] {},
                    [&](const Error& error) {
                      CHECK(error.exit == ExitCode::failed);
                      out.errors.push_back(error.what);
                    });
  for (std::string_view line; reader.next(line) == LineReader::Got::line;)
    out.lines.emplace_back(reader.number(), line.substr(0, 20));
  return out;
}

void put(int fd, std::string_view text) { CHECK(write_all(fd, text)); }
void put_much(int fd, std::size_t bytes) {
  for (const std::string piece(1u << 20, 'x'); bytes > 0;) {
    const auto now = std::min(bytes, piece.size());
    put(fd, std::string_view(piece).substr(0, now));
    bytes -= now;
  }
}

}  // namespace

TEST_CASE("a line that is too long is told once, with its number, and the rest goes on") {
  Read got;
  const auto growth = test::peak_growth([&] {
    const Input input([](int fd) {
      put(fd, "one\n");
      put_much(fd, 256u << 20);
      put(fd, "\nthree\n");
      put_much(fd, LineReader::k_longest);
      put(fd, "\n");
      put_much(fd, LineReader::k_longest + 1);
      put(fd, "\nsix");
    });
    got = read_all();
  });
  CHECK(growth < 20);
  REQUIRE(got.lines.size() == 4);
  CHECK(got.lines[0] == std::pair(std::size_t{1}, std::string("one")));
  CHECK(got.lines[1] == std::pair(std::size_t{3}, std::string("three")));
  CHECK(got.lines[2].first == 4);
  CHECK(got.lines[3] == std::pair(std::size_t{6}, std::string("six")));
  CHECK(got.errors == std::vector<std::string>{"line 2: longer than 4194304 bytes; skipped",
                                               "line 5: longer than 4194304 bytes; skipped"});
}

TEST_CASE("a line that never ends is told before it does, and is no line at the end of the input") {
  Read got;
  {
    const Input input([](int fd) {
      put(fd, "one\n");
      put_much(fd, 40u << 20);
    });
    got = read_all();
  }
  CHECK(got.lines.size() == 1);
  CHECK(got.errors.size() == 1);
}

TEST_CASE("a line that is too long is passed on piece by piece to who wants it") {
  const auto size = LineReader::k_longest + 100'000;
  const Input input([&](int fd) {
    put(fd, "one\n");
    put_much(fd, size);
    put(fd, "\ntwo\n");
    put_much(fd, size);  // and the input ends
  });
  std::string passed;
  int wholes = 0;
  std::vector<std::string> errors;
  LineReader reader([] {}, [&](const Error& error) { errors.push_back(error.what); });
  reader.pass_on_long([&](std::string_view piece, bool whole) {
    passed += piece;
    if (whole) passed += '|', ++wholes;
    return true;
  });
  std::vector<std::string> lines;
  for (std::string_view line; reader.next(line) == LineReader::Got::line;) lines.emplace_back(line);
  CHECK(lines == std::vector<std::string>{"one", "two"});
  CHECK(wholes == 2);
  CHECK((passed == std::string(size, 'x') + "|" + std::string(size, 'x') + "|"));
  REQUIRE(errors.size() == 2);
  CHECK(errors[0] ==
        "line 2: longer than 4194304 bytes; nobody is told of it, and it is passed on");
}

TEST_CASE("a line without an end stops when nobody wants more of it") {
  const auto before = std::signal(SIGPIPE, SIG_IGN);
  std::optional<Input> input(std::in_place, [](int fd) {
    for (int i = 0; i < 64; ++i)  // until nobody reads any more
      if (!write_all(fd, std::string(1u << 20, 'x'))) return;
  });
  std::size_t taken = 0;
  {
    LineReader reader([] {}, [](const Error&) {});
    reader.pass_on_long([&](std::string_view piece, bool) {
      taken += piece.size();
      return taken < (8u << 20);
    });
    std::string_view line;
    CHECK(reader.next(line) == LineReader::Got::end);
  }
  CHECK(taken < (12u << 20));
  input.reset();
  std::signal(SIGPIPE, before);
}
