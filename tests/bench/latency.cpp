// bench-latency ROUNDS LEDGER OUTCOMES UNITS GOOD-SET BAD-SET...
//
// Raises a critical signal for one bad set after the other and waits until a pipe that runs beside
// it has cut the set; then mends it. $AMQP_URL is an operator's. The workers of all sets are
// bench-worker, with LEDGER; the pipe's last stage writes to OUTCOMES.
//
// Prints, in milliseconds since the signal, the median, p99 and maximum of the last delivery, then
// of the last worker's noticing that it is cut: MEDIAN P99 MAX MEDIAN P99 MAX

#include <cstdio>
#include <cstdlib>

#include "tests/bench/rounds.hpp"
#include "tests/bench/summary.hpp"

int main(int argc, char** argv) {
  const int rounds = argc >= 7 ? std::atoi(argv[1]) : 0;
  const int units = argc >= 7 ? std::atoi(argv[4]) : 0;
  if (rounds < 1 || units < 1) {
    std::fputs("usage: bench-latency ROUNDS LEDGER OUTCOMES UNITS GOOD-SET BAD-SET...\n", stderr);
    return 2;
  }
  bench::Rounds play(argv[2], argv[3], units, argv[5]);
  const std::vector<std::string> bad(argv + 6, argv + argc);
  if (const auto error = play.open(); !error.empty()) {
    std::fprintf(stderr, "bench-latency: %s\n", error.c_str());
    return 1;
  }
  std::vector<double> deliveries, closings;
  for (int i = 0; i < rounds; ++i) {
    std::string error;
    const auto round = play.play(bad[static_cast<std::size_t>(i) % bad.size()], error);
    if (!round) {
      std::fprintf(stderr, "bench-latency: round %d: %s\n", i + 1, error.c_str());
      return 1;
    }
    deliveries.push_back(round->last_delivery_ms);
    closings.push_back(round->last_closed_ms);
  }
  for (const auto& times : {deliveries, closings})
    std::printf("%.2f %.2f %.2f ", bench::quantile(times, 0.5), bench::quantile(times, 0.99),
                bench::quantile(times, 1));
  std::printf("\n");
}
