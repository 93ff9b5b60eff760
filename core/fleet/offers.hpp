#pragma once

#include <string>
#include <vector>

#include <cdctl/set_name.hpp>
#include <cdctl/source.hpp>
#include <cdctl/time.hpp>

#include "core/fleet/fleet.hpp"

namespace cdctl::fleet {

/// A combination of sources that was deployed once: an existing set or a tombstone.
struct Known {
  SetName name;
  Time deployed_at;  ///< the last time
  Time first;        ///< the first time: a revision that came back by hand is not new
  const Sources* sources;
  bool cut;    ///< or known to be bad, or nobody can say
  bool there;  ///< no tombstone
};
/// All that is known of a service, the one deployed last first.
[[nodiscard]] std::vector<Known> history(const ServiceView& view);

/// What is offered all the same.
struct OfferOptions {
  bool even_bad = false;    ///< what was cut
  bool allow_back = false;  ///< a source that went back to an older revision
  bool now = false;         ///< what waits for its next attempt
};

/// Whether a revision of a service is to be deployed, and why.
struct Offer {
  std::string why;   ///< `first`, `trunk-newer`, `unfinished`, `down`, `known-bad`, …
  std::string held;  ///< why it is not offered, for people; empty = offered

  [[nodiscard]] bool offered() const { return held.empty(); }
  /// Nothing is to be done: not worth a word.
  [[nodiscard]] bool out_there() const { return why == "out-there"; }
};

/// Decides on `name`, which the newest `sources` make or a set of it has, for a service with
/// everything that is known of it: its sets, its tombstones, its freezes. Pure.
[[nodiscard]] Offer decide_offer(const ServiceView& view, const SetName& name,
                                 const Sources& sources, const OfferOptions& options, Time at);

}  // namespace cdctl::fleet
