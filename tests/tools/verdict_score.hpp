#pragma once

#include <map>
#include <string>
#include <vector>

#include <cdctl/json.hpp>

#include "tests/tools/verdict_traces.hpp"

namespace verdicts {

/// What verdicts were worth, counted in sets.
struct Score {
  int traces = 0, right = 0, wrong = 0,
      missed = 0;  ///< right: bad ones found; wrong: good ones blamed, or before they were bad
  int cuts = 0, refused = 0, last_cut = 0;  ///< with min_live = 1 unit
  int good_cuts = 0;

  [[nodiscard]] double precision() const {
    return right + wrong > 0 ? static_cast<double>(right) / (right + wrong) : 1;
  }
  [[nodiscard]] double recall() const {
    return right + missed > 0 ? static_cast<double>(right) / (right + missed) : 1;
  }
  Score& operator+=(const Score& other);
};

/// Runs the signals through a breaker with these rules (empty: the default ones). `cut` plays
/// break, too: a set that is cut says nothing more. `wrongs`, when given, takes a line for each
/// mistake.
[[nodiscard]] Score judge_trace(const Trace& trace, const std::vector<std::string>& rules, bool cut,
                                std::vector<std::string>* wrongs = nullptr);

/// All kinds, so many seeds each.
[[nodiscard]] std::map<std::string, Score> judge_kinds(std::uint64_t first_seed, int seeds,
                                                       const std::vector<std::string>& rules,
                                                       bool cut,
                                                       std::vector<std::string>* wrongs = nullptr);
[[nodiscard]] Score total(const std::map<std::string, Score>& scores);

}  // namespace verdicts
