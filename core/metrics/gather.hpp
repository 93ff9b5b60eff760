#pragma once

#include <string>
#include <string_view>

#include "core/app/context.hpp"
#include "core/metrics/exposition.hpp"

namespace cdctl::metrics {

struct GatherOptions {
  Format format = Format::openmetrics;
  bool per_set = false;  ///< also a few series for each set: their number grows with the sets
  std::string_view version;
};

/// One look at everything, as the text that a scraper reads: each engine, memory, switch and feed
/// is asked once, whatever the number of services. Never fails: what could not be asked is
/// `cdctl_up` 0 there, a line on stderr, and no value elsewhere.
[[nodiscard]] std::string gather(app::Context& context, const GatherOptions& options,
                                 const Deadline& deadline);

}  // namespace cdctl::metrics
