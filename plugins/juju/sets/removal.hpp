#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <cdctl/host.hpp>
#include <cdctl/set_name.hpp>
#include <cdctl/time.hpp>

#include "plugins/juju/client/access.hpp"
#include "plugins/juju/client/settings.hpp"
#include "plugins/juju/sets/home.hpp"

namespace cdctl::juju {

enum class Force { no, yes, no_wait };

struct RemovalOptions {
  bool destroy_storage = false;  ///< else it is released, and stays with the cloud
  Force force = Force::no;
};

struct Removed {
  bool anything = false;          ///< one of them was alive before
  std::vector<std::string> left;  ///< those that Juju did not begin to remove
  std::string why;                ///< of the last of them
};

/// Tells Juju to remove those of the applications that are there, and looks what it made of that.
/// Does not wait until they are gone. With force those that are on their way are told again. Exit
/// code `unknown` when the model cannot be read before or after.
[[nodiscard]] Result<Removed> remove_applications(const Access& access, const std::string& model,
                                                  const std::vector<std::string>& names,
                                                  const RemovalOptions& options,
                                                  std::string_view attempt);

/// Asks Juju whether it would refuse to remove what a set is made of, before the first of it goes
/// (`juju disable-command`). Exit code `refused` when it would, naming what to enable. `model_too`:
/// the model itself is to go. A Juju that cannot say does not refuse; one that cannot be reached is
/// an error.
[[nodiscard]] Result<> check_blocks(const Access& access, const std::string& model, bool model_too,
                                    std::string_view attempt);

/// What is to go: a model, or one application of a shared model.
struct RemovalTarget {
  SetName set;
  Reaping reaping;
  std::string application;  ///< empty: the model itself
  bool seen = false;        ///< it was there a moment ago
};

/// The steps of Juju's own means, measured from the begin of the reap, so that each of many runs
/// knows how far it is.
enum class Escalation { graceful, force, no_wait, give_up };
[[nodiscard]] Escalation escalation_at(Millis since_begin, const JujuSettings& settings);
[[nodiscard]] std::string_view to_string(Escalation step);

/// Whether it is gone, proven: looked for twice, each time in a complete answer to the user who
/// once saw it. `false` is that it is there; exit code `unknown` when that cannot be told.
[[nodiscard]] Result<bool> proven_gone(const ControllerHome& home, const Access& access,
                                       const RemovalTarget& target, std::string_view attempt);

/// Has Juju remove it and waits until it is proven gone. Exit code `timeout` at the deadline, while
/// Juju goes on and the next run takes it up; `failed` when a person is needed.
[[nodiscard]] Result<> remove_until_gone(Host& host, const ControllerHome& home,
                                         const JujuSettings& settings, const RemovalTarget& target,
                                         const Deadline& deadline);

}  // namespace cdctl::juju
