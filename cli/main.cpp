#include <sys/prctl.h>
#include <unistd.h>

#include <cdctl/descriptors.hpp>

#include "cli/command_line/run.hpp"

int main(int argc, char** argv) {
  cdctl::hold_standard_descriptors();
  // What the same user runs, tests and units among it, reads no secret in our memory or environment
  (void)::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  const int code = cdctl::cli::run_main(argc, argv);
#if defined(__SANITIZE_ADDRESS__)
  return code;  // the leak check runs at exit
#else
  ::_exit(code);  // all output has left with write(2); taking libcurl and OpenSSL apart would only
                  // cost time
#endif
}
