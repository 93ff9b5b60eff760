#include "core/breaker/statistics.hpp"

#include <algorithm>
#include <cmath>

namespace cdctl::breaker {

namespace {

/// log of the binomial coefficient.
double log_choose(double n, double k) {
  return std::lgamma(n + 1) - std::lgamma(k + 1) - std::lgamma(n - k + 1);
}

/// Sums a tail from its first term on, each further term `step(x)` times the one before it.
template <class Step>
double sum_tail(double log_first, double from, double to, Step step) {
  double term = std::exp(log_first), sum = 0;
  for (double x = from; x <= to; ++x) {
    sum += term;
    term *= step(x);
    if (term < sum * 1e-9) break;  // they fall from here on: what is left changes nothing
  }
  return std::min(sum, 1.0);
}

}  // namespace

double tail_of_shares(double hits, double work, double other_hits, double other_work) {
  if (hits <= 0 || work <= 0 || other_work <= 0) return 1;
  const double all = work + other_work, failed = hits + other_hits;
  if (hits * all <= failed * work) return 1;  // no worse than the mean
  const double first =
      log_choose(failed, hits) + log_choose(all - failed, work - hits) - log_choose(all, work);
  return sum_tail(first, hits, std::min(failed, work), [&](double x) {
    return (failed - x) * (work - x) / ((x + 1) * (all - failed - work + x + 1));
  });
}

double tail_of_counts(double hits, double exposure, double other_hits, double other_exposure) {
  if (hits <= 0 || exposure <= 0 || other_exposure <= 0) return 1;
  const double n = hits + other_hits, p = exposure / (exposure + other_exposure);
  if (hits <= n * p) return 1;
  const double first = log_choose(n, hits) + hits * std::log(p) + (n - hits) * std::log1p(-p);
  return sum_tail(first, hits, n, [&](double x) { return (n - x) / (x + 1) * p / (1 - p); });
}

}  // namespace cdctl::breaker
