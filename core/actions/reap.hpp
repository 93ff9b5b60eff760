#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <cdctl/set_name.hpp>
#include <cdctl/time.hpp>

#include "core/actions/stale_policy.hpp"
#include "core/app/context.hpp"

namespace cdctl::actions {

/// What a set is to be reaped for: a mark with its policy, or a person's word.
struct Mark {
  SetName set;
  std::optional<ReaperPolicy> policy;  ///< empty: by name
  std::string why;
  std::optional<Time> at;
  bool begun = false;  ///< its reaping has begun and is to be finished, says the record
};

/// More new marks than allowed refuse the whole run before the first: of one service more than its
/// own max_reaps, in all more than the largest of them. `max_reaps` given by a person stands for
/// all.
[[nodiscard]] Result<> check_max_reaps(const Config& config, const std::vector<Mark>& marks,
                                       std::optional<std::int64_t> max_reaps);

struct ReapOptions {
  /// Between TERM and KILL, of every process, and waited for. Empty: the stop timeouts of the
  /// service.
  std::optional<Millis> grace = {};
  bool dry_run = false;
  bool even_newest = false;   ///< by name: also the newest set of its service
  bool even_last = false;     ///< also if less than min_live stays
  bool even_foreign = false;  ///< by name: also of a service that is not configured here
  /// By name: this home is gone for good, a person says; what the broker and the memory have of its
  /// sets is removed from here.
  std::string gone_home = {};
};

struct ReapOrder {
  Mark mark;
  ReapOptions options;
};

/// How many reaps came to which end.
struct ReapEnds {
  std::int64_t done = 0;
  std::int64_t draining = 0;  ///< told to end, and left to finish what they do
  std::int64_t failed = 0;    ///< or refused
};

/// One reap of each: every condition again, drain, stop, retire the user, remove what is left; and
/// its outcome record. All are told to end before one is waited for. `timeout` is of each, beyond
/// what its processes are waited for.
ReapEnds reap_sets(app::Context& context, const std::vector<ReapOrder>& orders, Millis timeout);

}  // namespace cdctl::actions
