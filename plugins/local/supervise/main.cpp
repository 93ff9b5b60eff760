// cdctl-supervise FOLDER: keeps the units of the set in FOLDER running. Started by the local
// engine, which reads from its standard output: `ok` and what there is to warn of, or `error: …`.
// By then the supervisor has a session of its own and no parent.

#include <csignal>
#include <string>
#include <string_view>

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cdctl/descriptors.hpp>
#include <cdctl/fs.hpp>
#include <cdctl/secret.hpp>

#include "plugins/local/supervise/supervisor.hpp"

namespace {

/// Says it to whoever started us; false when nobody listens any more.
bool report(std::string_view line) { return cdctl::write_all(STDOUT_FILENO, line); }

int supervise() {
  cdctl::local::Supervisor supervisor;
  if (const auto started = supervisor.start(); !started) {
    report("error: " + started.error().what + "\n");
    return 1;
  }
  const auto& warning = supervisor.warning();
  if (!report("ok\n" + (warning.empty() ? warning : warning + "\n"))) {
    supervisor.give_up();  // the deploy was killed: leave nothing that it does not know of
    return 1;
  }
  if (const int null_fd = ::open("/dev/null", O_RDWR | O_CLOEXEC); null_fd >= 0) {
    for (const int fd : {0, 1, 2}) ::dup2(null_fd, fd);
    ::close(null_fd);
  }
  return supervisor.work();
}

}  // namespace

int main(int argc, char** argv) {
  cdctl::hold_standard_descriptors();
  if (argc != 2) {
    report(
        "error: usage: cdctl-supervise FOLDER (cdctl starts it; it is not meant to be called)\n");
    return 2;
  }
  ::close_range(3, ~0U, 0);
  ::umask(077);
  cdctl::leave_no_core();                      // the environment of the units will be in our memory
  (void)::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);  // and no unit shall read that of another one there
  for (const int number : {SIGPIPE, SIGHUP}) ::signal(number, SIG_IGN);
  if (::chdir(argv[1]) != 0) {
    report("error: the folder of the set cannot be entered\n");
    return 1;
  }
  const auto pid = ::fork();
  if (pid < 0) {
    report("error: fork failed\n");
    return 1;
  }
  if (pid > 0) ::_exit(0);
  ::setsid();
  try {
    return supervise();
  } catch (const std::exception& e) {  // out of memory, at most: the units end with us
    report(std::string("error: ") + e.what() + "\n");
    return 1;
  }
}
