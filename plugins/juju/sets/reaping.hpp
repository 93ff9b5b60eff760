#pragma once

#include <optional>
#include <string>

#include "plugins/juju/sets/home.hpp"

namespace cdctl::juju {

/// A reap of a set that this machine has begun: what it goes for, and who has seen that, so that
/// its absence can be believed afterwards.
struct Reaping {
  std::string model;  ///< uuid of the set's model, or of the one it shares
  std::string user;   ///< as whom juju was asked
  bool all = false;   ///< as an administrator
  Time since;
  std::string application;  ///< the set is this application of a shared model; empty: the model is
                            ///< the set's own
};

[[nodiscard]] std::optional<Reaping> read_reaping(const SetFolder& folder);
/// Makes the folder where it is missing.
[[nodiscard]] Result<> write_reaping(const SetFolder& folder, const Reaping& reaping);

}  // namespace cdctl::juju
