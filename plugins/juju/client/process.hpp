#pragma once

#include <string>
#include <vector>

#include <cdctl/child.hpp>

#include "plugins/juju/client/call.hpp"
#include "plugins/juju/client/private_data.hpp"

// What reading (juju_call) and acting (juju_act) share: how one run of juju is set up, and how it
// is waited for to repeat it.

namespace cdctl::juju {

/// `juju --no-alias WORDS… -B` in that copy of the data folder, nothing on stdin.
[[nodiscard]] Program juju_command(const Access& access, const std::vector<std::string>& words,
                                   const PrivateData& data, const Deadline& deadline);

/// Waits a moment that grows with each repeat and is never the same twice; false when there is no
/// time left for it, or we were asked to stop.
[[nodiscard]] bool pause_before_repeat(int repeat, const Deadline& deadline);

/// What a run that did not end well means. Names the client's version where that is the trouble.
[[nodiscard]] Failure failure_of(const Finished& finished, std::string_view attempt,
                                 const Deadline& deadline);

/// A command that failed so may have been carried out all the same: only a fresh look tells.
[[nodiscard]] bool may_have_worked(const Failure& failure);

constexpr int k_most_repeats = 4;

}  // namespace cdctl::juju
