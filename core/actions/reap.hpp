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
};

/// More marks than allowed refuse the whole run before the first: of one service more than its own
/// max_reaps, in all more than the largest of them. `max_reaps` given by a person stands for all.
[[nodiscard]] Result<> check_max_reaps(const Config& config, const std::vector<Mark>& marks,
                                       std::optional<std::int64_t> max_reaps);

struct ReapOptions {
  Millis grace{};  ///< between TERM and KILL
  bool dry_run = false;
  bool even_newest = false;   ///< by name: also the newest set of its service
  bool even_last = false;     ///< also if less than min_live stays
  bool even_foreign = false;  ///< by name: also of a service that is not configured here
};

/// One reap: every condition again, drain, stop, retire the user, remove what is left. Writes the
/// outcome record; false when it failed or was refused.
bool reap_set(app::Context& context, Mark mark, const ReapOptions& options,
              const Deadline& deadline);

}  // namespace cdctl::actions
