#pragma once

#include <string>

#include <cdctl/set_name.hpp>
#include <cdctl/source.hpp>
#include <cdctl/time.hpp>

#include "core/fleet/fleet.hpp"

namespace cdctl::fleet {

/// What is offered all the same.
struct OfferOptions {
  bool even_bad = false;    ///< what was cut
  bool allow_back = false;  ///< a source that went back to an older revision
  bool now = false;         ///< what waits for its next attempt
};

/// Whether the newest sources of a service are to be deployed, and why.
struct Offer {
  std::string why;   ///< `first`, `trunk-newer`, `unfinished`, `known-bad`, …
  std::string held;  ///< why it is not offered, for people; empty = offered

  [[nodiscard]] bool offered() const { return held.empty(); }
  /// Nothing is to be done: not worth a word.
  [[nodiscard]] bool out_there() const { return why == "out-there"; }
};

/// Decides on `name`, which the newest `sources` make, for a service with everything that is known
/// of it: its sets, its tombstones, its freeze. Pure.
[[nodiscard]] Offer decide_offer(const ServiceView& view, const SetName& name,
                                 const Sources& sources, const OfferOptions& options, Time at);

}  // namespace cdctl::fleet
