#pragma once

namespace cdctl::breaker {

/// How likely at least `hits` of one side would be, were both sides alike: one-sided tails of two
/// exact tests. A small number says that the first side is worse, and not by chance. Both are 1
/// where there is nothing to compare.

/// Failures out of work that was counted on both sides: Fisher's exact test.
[[nodiscard]] double tail_of_shares(double hits, double work, double other_hits, double other_work);

/// Events in exposure (units times time), where the good ones were not counted: the conditional
/// test of two Poisson rates.
[[nodiscard]] double tail_of_counts(double hits, double exposure, double other_hits,
                                    double other_exposure);

}  // namespace cdctl::breaker
