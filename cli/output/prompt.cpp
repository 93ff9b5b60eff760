#include "cli/output/prompt.hpp"

#include <array>
#include <cerrno>

#include <fmt/format.h>
#include <poll.h>
#include <termios.h>
#include <unistd.h>

#include <cdctl/fs.hpp>
#include <cdctl/stop.hpp>
#include <cdctl/text.hpp>

namespace cdctl::cli {

namespace {

/// The terminal does not show what is typed while this lives.
class NoEcho {
 public:
  NoEcho() : known_(::tcgetattr(STDIN_FILENO, &before_) == 0) {
    if (!known_) return;
    auto silent = before_;
    silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    silent.c_lflag |= ECHONL;
    ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
  }
  ~NoEcho() {
    if (known_) ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_);
  }
  NoEcho(const NoEcho&) = delete;
  NoEcho& operator=(const NoEcho&) = delete;

 private:
  struct termios before_{};
  bool known_;
};

}  // namespace

bool Prompt::possible() { return ::isatty(STDIN_FILENO); }

Result<std::string> Prompt::read_line() {
  std::string line;
  while (line.size() < 4096) {
    std::array<pollfd, 2> wait{{{STDIN_FILENO, POLLIN, 0}, {Stop::fd(), POLLIN, 0}}};
    if (::poll(wait.data(), wait.size(), -1) < 0 && errno != EINTR)
      return fail("waiting for an answer: " + errno_text(errno));
    if (Stop::requested()) return fail(ExitCode::interrupted, "interrupted; nothing was written");
    if (wait[0].revents == 0) continue;
    char byte = 0;
    const auto got = ::read(STDIN_FILENO, &byte, 1);
    if (got == 0)
      return fail(ExitCode::usage, "the input ended before the last question; nothing was written");
    if (got < 0 && errno != EINTR) return fail("reading an answer: " + errno_text(errno));
    if (got > 0 && byte == '\n') return line;
    if (got > 0) line += byte;
  }
  return fail(ExitCode::usage, "that answer is too long; nothing was written");
}

Result<std::string> Prompt::line(std::string_view question, std::string_view otherwise) {
  out_.prompt(otherwise.empty() ? fmt::format("{}: ", question)
                                : fmt::format("{} [{}]: ", question, otherwise));
  CDCTL_TRY_ASSIGN(const auto answer, read_line());
  const auto text = trimmed(answer);
  return std::string(text.empty() ? otherwise : text);
}

Result<std::string> Prompt::secret(std::string_view question) {
  const NoEcho silent;
  out_.prompt(fmt::format("{} (not shown): ", question));
  return read_line();
}

Result<bool> Prompt::yes(std::string_view question) {
  out_.prompt(fmt::format("{} [Y/n]: ", question));
  CDCTL_TRY_ASSIGN(const auto answer, read_line());
  const auto text = trimmed(answer);
  return text.empty() || text.front() == 'y' || text.front() == 'Y';
}

}  // namespace cdctl::cli
