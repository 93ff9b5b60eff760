#include <catch2/catch.hpp>

#include <chrono>
#include <string>
#include <thread>

#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <cdctl/fs.hpp>
#include <cdctl/text.hpp>

#include "cli/output/output.hpp"
#include "cli/output/progress_line.hpp"

using namespace cdctl;
using namespace cdctl::cli;

namespace {

/// What a person sees who has `work` done with a terminal as stderr.
template <class Work>
std::string on_terminal(Work&& work) {
  int terminal = -1, far = -1;
  struct winsize size{};
  size.ws_col = 60, size.ws_row = 24;
  REQUIRE(::openpty(&terminal, &far, nullptr, nullptr, &size) == 0);
  const auto child = ::fork();
  if (child == 0) {
    ::dup2(far, STDERR_FILENO);
    ::setenv("TERM", "xterm", 1);
    ::setenv("LC_ALL", "C", 1);
    work();
    ::_exit(0);
  }
  ::close(far);
  std::string out;
  char buffer[4096];
  for (;;) {
    const auto got = ::read(terminal, buffer, sizeof buffer);
    if (got <= 0) break;  // the last writer has gone
    out.append(buffer, static_cast<std::size_t>(got));
  }
  ::waitpid(child, nullptr, 0);
  ::close(terminal);
  return out;
}

void wait_ms(int ms) { ::poll(nullptr, 0, ms); }

std::size_t count(std::string_view text, std::string_view what) {
  std::size_t out = 0;
  for (auto at = text.find(what); at != text.npos; at = text.find(what, at + what.size())) ++out;
  return out;
}

constexpr std::string_view k_gone = "\r\033[K";

}  // namespace

TEST_CASE("how much is done is a bar, and what nobody can say a spinner") {
  const auto picture = [](std::string_view line, int ms = 0, std::size_t frame = 0,
                          std::size_t columns = 70, bool utf8 = false) {
    return progress_picture(line, Millis(ms), frame, columns, utf8);
  };
  CHECK(picture("[3/10] fetching") == "######.............. 3/10 fetching");
  CHECK(picture("[0/10] fetching") == ".................... 0/10 fetching");
  CHECK(picture("[30/10] late") == "#################### 10/10 late");
  CHECK(picture("[1/2] x", 0, 0, 70, true) == "██████████░░░░░░░░░░ 1/2 x");
  CHECK(picture("fetching") == "| fetching");
  CHECK(picture("fetching", 0, 1) == "/ fetching");
  CHECK(picture("fetching", 0, 4) == "| fetching");
  CHECK(picture("fetching", 0, 1, 70, true) == "⠙ fetching");
  CHECK(picture("fetching", 12'345) == "| 12s fetching");
  CHECK(picture("[3/10] fetching", 65'000) == "######.............. 3/10 fetching");
  for (const auto* odd : {"[3/0] x", "[a/b] x", "[3/10]x", "[3/1", "[-1/4] x", "[]", "["})
    CHECK(picture(odd) == "| " + std::string(odd));
  CHECK(display_width(picture(std::string(500, 'x'), 0, 0, 40)) == 40);
  CHECK_FALSE(picture("a\033[2Jb\nc").contains('\033'));
}

TEST_CASE("the line moves by itself, and goes before anything else is written") {
  const auto seen = on_terminal([] {
    Output out;
    out.progress("fetching the trunk");
    wait_ms(700);
    out.warning("it is large");
    wait_ms(400);
    out.progress("[1/2] checking out");
    wait_ms(300);
    (void)out.finish(0);
    wait_ms(300);
  });
  INFO(seen);
  CHECK(count(seen, "fetching the trunk") >= 3);
  const auto warning = seen.find("cdctl: warning: it is large");
  REQUIRE(warning != seen.npos);
  CHECK(std::string_view(seen).substr(0, warning).ends_with(k_gone));
  CHECK(std::string_view(seen).substr(warning).find("fetching") == seen.npos);
  CHECK(seen.contains("##########.......... 1/2 checking out"));
  CHECK(seen.ends_with(k_gone));
  CHECK_FALSE(seen.contains("\033[3"));  // no colours
}

TEST_CASE("nobody is shown progress with --quiet, on a dumb terminal, or without one") {
  CHECK(on_terminal([] {
          Output out;
          out.set_quiet(true);
          out.progress("fetching");
          wait_ms(300);
        }).empty());
  CHECK(on_terminal([] {
          ::setenv("TERM", "dumb", 1);
          Output out;
          out.progress("fetching");
          wait_ms(300);
        }).empty());
  const auto plain = on_terminal([] {
    ::setenv("TERM", "dumb", 1);
    Output out;
    out.set_verbose(true);
    out.progress("[3/10] fetching");
  });
  CHECK(plain.starts_with("cdctl: debug: [3/10] fetching"));
}

TEST_CASE("a terminal that is stopped stops no record, no fork, and no other thread") {
  const auto seen = on_terminal([] {
    ::alarm(30);
    const int nowhere = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
    ::dup2(nowhere, STDOUT_FILENO);
    Output out;
    out.progress("fetching the trunk");
    wait_ms(300);
    ::tcflow(STDERR_FILENO, TCOOFF);
    wait_ms(300);  // meanwhile it would have been drawn
    const auto begun = std::chrono::steady_clock::now();
    for (int i = 0; i < 5; ++i) {
      out.progress("fetching more");
      out.text("a record\n");
      out.flush();
      const auto child = ::fork();
      if (child == 0) ::_exit(0);
      ::waitpid(child, nullptr, 0);
    }
    const auto took = std::chrono::steady_clock::now() - begun;
    // Who has something to say waits, and holds up nobody else.
    std::thread other([&] { out.warning("it is large"); });
    wait_ms(100);
    const auto child = ::fork();
    if (child == 0) ::_exit(0);
    ::waitpid(child, nullptr, 0);
    ::tcflow(STDERR_FILENO, TCOON);
    other.join();
    out.note(took < std::chrono::seconds(5) ? "in a moment" : "after long");
    (void)out.finish(0);
  });
  INFO(seen);
  CHECK(seen.contains("cdctl: in a moment"));
  const auto warning = seen.find("cdctl: warning: it is large");
  REQUIRE(warning != seen.npos);
  CHECK(std::string_view(seen).substr(0, warning).ends_with(k_gone));
}

TEST_CASE("a child has no line of its own, and no lock that somebody else holds") {
  const auto seen = on_terminal([] {
    Output out;
    out.progress("testing");
    for (int i = 0; i < 20; ++i) {
      const auto child = ::fork();
      if (child == 0) {
        Output own;
        own.note("from the child");
        ::_exit(0);
      }
      ::waitpid(child, nullptr, 0);
      wait_ms(20);
    }
    (void)out.finish(0);
  });
  CHECK(count(seen, "cdctl: from the child") == 20);
}
