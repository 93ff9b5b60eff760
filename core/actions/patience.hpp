#pragma once

#include <optional>

#include <cdctl/config.hpp>
#include <cdctl/grace.hpp>
#include <cdctl/time.hpp>

namespace cdctl::actions {

/// How long the processes of a set get to end, and how much of that a reap waits for.
struct Patience {
  Grace grace;
  Millis waited{};      ///< the longest grace that is waited for
  bool leaves = false;  ///< what runs even then is left to finish what it does

  /// `given` by a person stands for all processes and is waited for. Otherwise the stop timeouts of
  /// the service, which may be null: nobody here has its file.
  [[nodiscard]] static Patience of(const ServiceConfig* service,
                                   const std::optional<Millis>& given);
};

}  // namespace cdctl::actions
