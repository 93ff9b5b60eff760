#pragma once

#include <sys/resource.h>

#include <chrono>
#include <string>
#include <vector>

namespace bench {

/// How a program ended and what it took.
struct Ended {
  double milliseconds = 0;  ///< from before posix_spawn until it is reaped
  long peak_kib = 0;        ///< its largest resident set
  int status = -1;  ///< its exit status; 128 + N for signal N; -1: could not be started or did not
                    ///< end in time
};

/// Starts `argv` (a program by its path, or by its name on PATH), waits for it and reaps it; kills
/// it at the deadline. stdin is `input`, stdout and stderr are the null device unless `inherit`
/// leaves them.
[[nodiscard]] Ended run(const std::vector<std::string>& argv, const std::string& input,
                        bool inherit, std::chrono::seconds deadline);

}  // namespace bench
