#include "core/actions/trial_guardian.hpp"

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <initializer_list>

#include <fcntl.h>
#include <unistd.h>

#include <fmt/format.h>

#include <cdctl/fs.hpp>
#include <cdctl/set_name.hpp>

namespace cdctl::actions {

namespace {

std::vector<std::string> command_line(const app::Context& context,
                                      std::initializer_list<std::string> words,
                                      const std::vector<SetName>& sets) {
  std::vector<std::string> out{"cdctl", "-q", "-c", context.config().file.string()};
  out.insert(out.end(), words);
  for (const auto& set : sets) out.push_back(set.str());
  return out;
}

std::vector<char*> pointers(std::vector<std::string>& words) {
  std::vector<char*> out;
  for (auto& word : words) out.push_back(word.data());
  out.push_back(nullptr);
  return out;
}

/// Waits for a word, or for the end of the pipe: whoever held it is dead.
[[noreturn]] void guard(int pipe, char* const* follow, char* const* cut) {
  ::setsid();
  char word = 0;
  ssize_t got = 0;
  do got = ::read(pipe, &word, 1);
  while (got < 0 && errno == EINTR);
  if (got > 0 && word == 'd') ::_exit(0);
  ::unsetenv("CDCTL_TEST_CRASH_AT");  // it was for the process that is dead now
  ::execv("/proc/self/exe", got > 0 ? cut : follow);
  ::_exit(1);
}

}  // namespace

Result<TrialGuardian> TrialGuardian::make(const app::Context& context,
                                          const std::vector<SetName>& sets) {
  auto follow = command_line(context, {"mend", "--settle"}, sets);
  auto cut = command_line(context, {"mend", "--abort"}, sets);
  const auto follow_argv = pointers(follow), cut_argv = pointers(cut);
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0)
    return fail(fmt::format("making a guardian of the trial: {}", errno_text(errno)));
  const auto child = ::fork();
  if (child < 0) {
    ::close(ends[0]), ::close(ends[1]);
    return fail(fmt::format("making a guardian of the trial: {}", errno_text(errno)));
  }
  if (child == 0) {
    // Its own copy of the writing end would keep the pipe from ending.
    ::close(ends[1]);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGPIPE}) ::signal(signal, SIG_IGN);
    if (const int null = ::open("/dev/null", O_RDWR); null >= 0)
      ::dup2(null, 0), ::dup2(null, 1), ::dup2(null, 2);
    guard(ends[0], follow_argv.data(), cut_argv.data());
  }
  ::close(ends[0]);
  return TrialGuardian(ends[1]);
}

TrialGuardian::~TrialGuardian() {
  if (pipe_ < 0) return;
  if (word_ != 0) (void)!::write(pipe_, &word_, 1);
  ::close(pipe_);
}

}  // namespace cdctl::actions
