#pragma once

#include <cdctl/host.hpp>
#include <cdctl/set_name.hpp>

#include "plugins/juju/sets/home.hpp"
#include "plugins/juju/sets/reaping.hpp"
#include "plugins/juju/sets/removal.hpp"

namespace cdctl::juju {

/// What is to go: a model, or one application of a shared model.
struct Doomed {
  SetName set;
  Reaping reaping;
  std::string application;  ///< empty: the model itself
  bool seen = false;        ///< it was there a moment ago
};

/// The steps of Juju's own means, measured from the begin of the reap, so that each of many runs
/// knows how far it is.
enum class Rung { graceful, force, no_wait, give_up };
[[nodiscard]] Rung rung_at(Millis since_begin, const Settings& settings);
[[nodiscard]] std::string_view to_string(Rung rung);

/// Whether it is gone, proven: looked for twice, each time in a complete answer to the user who
/// once saw it. `false` is that it is there; exit code `unknown` when that cannot be told.
[[nodiscard]] Result<bool> proven_gone(const Place& place, const Access& access,
                                       const Doomed& doomed, std::string_view attempt);

/// Has Juju remove it and waits until it is proven gone. Exit code `timeout` at the deadline, while
/// Juju goes on and the next run takes it up; `failed` when a person is needed.
[[nodiscard]] Result<> climb(Host& host, const Place& place, const Settings& settings,
                             const Doomed& doomed, const Deadline& deadline);

}  // namespace cdctl::juju
