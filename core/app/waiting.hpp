#pragma once

#include <cdctl/time.hpp>

namespace cdctl::app {

/// Whether the reader of our stdout has gone, without writing to it.
[[nodiscard]] bool stdout_gone();

/// Waits for `pause`. False when a stop was requested, or the reader of stdout went: there is
/// nothing to go on for.
[[nodiscard]] bool wait_between(Millis pause);

}  // namespace cdctl::app
