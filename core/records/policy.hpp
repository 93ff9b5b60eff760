#pragma once

#include <cdctl/record.hpp>

namespace cdctl::records {

/// What a set was judged by, in the mark of `stale`: times in seconds.
struct Policy {
  std::optional<std::int64_t> keep;
  std::optional<double> min_age_s, prove_for_s, cut_grace_s, failed_grace_s;

  static constexpr auto rows() {
    return std::tuple{required("keep", &Policy::keep, "integer >= 0"),
                      required("min_age_s", &Policy::min_age_s, "number"),
                      required("prove_for_s", &Policy::prove_for_s, "number"),
                      required("cut_grace_s", &Policy::cut_grace_s, "number"),
                      required("failed_grace_s", &Policy::failed_grace_s, "number")};
  }
};

/// Why nobody needs a set, and by which policy: what `reap` checks again.
struct StaleMark {
  std::string why;
  Policy policy;
  Time at;

  static constexpr auto rows() {
    return std::tuple{required("why", &StaleMark::why, "text"),
                      required("policy", &StaleMark::policy, "object"),
                      required("at", &StaleMark::at, "time")};
  }
};

}  // namespace cdctl::records
