#include "core/records/outcome.hpp"

#include <utility>

namespace cdctl::records {

void end_outcome(Outcome& outcome, const std::optional<Error>& error, std::string by,
                 std::optional<std::chrono::steady_clock::time_point> begun) {
  outcome.ok = !error;
  if (error) {
    outcome.error = error->what;
    outcome.exit = static_cast<std::int64_t>(error->exit);
  }
  if (begun) {
    const auto took = std::chrono::duration_cast<std::chrono::microseconds>(
        std::chrono::steady_clock::now() - *begun);
    outcome.took_ms = static_cast<double>(took.count() / 10) / 100.0;
  }
  outcome.by = std::move(by);
  outcome.time = now();
}

}  // namespace cdctl::records
