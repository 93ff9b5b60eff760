#include <unistd.h>

#include "cli/command_line/run.hpp"

int main(int argc, char** argv) {
  const int code = cdctl::cli::run_main(argc, argv);
#if defined(__SANITIZE_ADDRESS__)
  return code;  // the leak check runs at exit
#else
  ::_exit(code);  // all output has left with write(2); taking libcurl and OpenSSL apart would only
                  // cost time
#endif
}
