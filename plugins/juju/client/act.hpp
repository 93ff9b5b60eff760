#pragma once

#include <filesystem>
#include <optional>

#include <cdctl/child.hpp>

#include "plugins/juju/client/call.hpp"

namespace cdctl::juju {

struct ActOptions {
  bool credentials =
      false;  ///< juju may see the cloud credentials of this user: add-model looks for one
  std::optional<Deadline> deadline;  ///< else the access's timeout from now
  std::filesystem::path directory;   ///< juju's working folder; empty = ours
};

/// Runs `juju --no-alias WORDS… -B`, a command that changes something, through the same seam as
/// juju_call: stdin closed, a private copy of the data folder, an end at the deadline. It is run
/// once: after a lost connection, a deadline or a signal (Trouble::unreachable, other) what was
/// asked for may have been done all the same, and only a fresh look tells. Only juju's own lock
/// files (Trouble::local) make it try again, since nothing was sent then. A command that juju
/// refuses for a reason of its own has exit code `failed`. Nothing secret may be among the words:
/// hand it over in a file of PrivateFolder.
[[nodiscard]] Asked<Finished> juju_act(const Access& access, const std::vector<std::string>& words,
                                       std::string_view attempt, const ActOptions& options = {});

}  // namespace cdctl::juju
