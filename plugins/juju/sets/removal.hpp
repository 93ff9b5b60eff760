#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "plugins/juju/client/call.hpp"
#include "plugins/juju/model/status.hpp"

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
/// the model itself is to go. Juju that cannot say it is no refusal; one that cannot be reached is
/// an error.
[[nodiscard]] Result<> check_blocks(const Access& access, const std::string& model, bool model_too,
                                    std::string_view attempt);

/// Tells Juju to destroy a model, by `CONTROLLER:UUID` and never by a name, and ends juju after
/// `most`: it would wait until the model is gone, which the controller sees to without it. What it
/// printed proves nothing, whatever its exit status. An error is a refusal.
[[nodiscard]] Result<> destroy_model(const Access& access, const std::string& model,
                                     const RemovalOptions& options, Millis most,
                                     std::string_view attempt);

}  // namespace cdctl::juju
