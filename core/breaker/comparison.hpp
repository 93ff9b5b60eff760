#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/breaker/rule.hpp"
#include "core/breaker/window.hpp"

namespace cdctl::breaker {

/// One set as a rule sees it.
struct Side {
  std::string_view set;
  const RuleWindow* window = nullptr;
  double units = 1;       ///< workers seen: more of them do more of the work
  Millis coverage{};      ///< how long this set has been heard of
  bool measured = false;  ///< its work is counted (`counts`), so that it has a rate
};

/// What a rule makes of a set, and how far it is from tripping.
struct Reading {
  enum class Basis { absolute, peers, none };
  enum class State {
    quiet,
    bad,
    shared,
    too_few
  };  ///< shared: bad by itself, and no worse than its peers

  State state = State::quiet;
  bool suspect = false;  ///< half way to what is bad without peers
  Basis basis = Basis::absolute;
  double value = 0,
         threshold = 0;  ///< a number, a share, or, against peers, how many times the baseline
  double hits = 0, work = 0;
  double baseline = 0;  ///< of the peers: a share, or events a minute and unit
  double chance = 1;    ///< of so much were the set like its peers
  std::vector<std::string_view> peers;
  std::string_view why;  ///< why it does not hold, or the comparison was not made
};

/// What `rule` says of `own`. `peers` are the other sets of the service that were heard of lately.
/// `open`: the set has been found bad, and the easier thresholds of closing apply.
[[nodiscard]] Reading read_rule(const Rule& rule, const Side& own, std::span<const Side> peers,
                                Time clock, bool open);

/// The part of read_rule that needs no peers and is cheap: of a rule without a baseline.
[[nodiscard]] Reading read_absolute(const Rule& rule, const Side& own, bool open);

}  // namespace cdctl::breaker
