#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include <cdctl/host.hpp>
#include <cdctl/set_name.hpp>

#include "plugins/juju/client/access.hpp"
#include "plugins/juju/sets/set_folder.hpp"

// The controller that the engine speaks for, and every file of it on this machine:
//
//   HOME/juju/CONTROLLER-UUID/seen/MODEL-UUID.json   what a complete set was made from; which
//                                                    models are not sets (seen.hpp)
//                             tags-MODEL-UUID.lock   held by whoever of this machine changes the
//                                                    tags of a model (tags.hpp)
//                             sets/NAME/lock         held by whoever deploys or reaps it here
//                                       reaping      how to know when it is gone (removal.hpp)
//                                       attempts     deploys that led nowhere
//                                       cut          what a cut has taken away (world.hpp)
//                                       secrets/KEY, work/
//   HOME/juju/machine                                which machine's locks these are

namespace cdctl::juju {

/// The controller that the engine speaks for: how it is reached, and its folder on this machine.
struct ControllerHome {
  Access access;                 ///< of this controller, by name
  std::string uuid;              ///< the controller's
  std::string user;              ///< as whom juju asks it; empty when it is not logged in
  std::filesystem::path folder;  ///< HOME/juju/CONTROLLER-UUID
  std::filesystem::path machine_file;

  /// Reads Juju's own files; starts nothing. Exit code `config` when no controller is chosen or
  /// known.
  [[nodiscard]] static Result<ControllerHome> read(const Host& host);

  /// What the tool calls it: `juju:UUID`.
  [[nodiscard]] std::string id() const { return "juju:" + uuid; }
  /// What follows `-m`: never a name, which Juju may take for the start of another model's uuid.
  [[nodiscard]] std::string model(std::string_view model_uuid) const {
    return access.controller + ":" + std::string(model_uuid);
  }
  [[nodiscard]] std::filesystem::path seen() const { return folder / "seen"; }
  [[nodiscard]] std::filesystem::path seen(std::string_view model_uuid) const {
    return seen() / (std::string(model_uuid) + ".json");
  }
  [[nodiscard]] std::filesystem::path sets() const { return folder / "sets"; }
  [[nodiscard]] SetFolder set(const SetName& name) const { return {sets() / name.str()}; }
  [[nodiscard]] std::filesystem::path tags_lock(std::string_view model_uuid) const {
    return folder / ("tags-" + std::string(model_uuid) + ".lock");
  }
  /// For checkouts of a deploy. A snap of Juju sees it only in its own folder of the home.
  [[nodiscard]] std::filesystem::path work(const SetName& name) const;
  /// The access with an end for all its calls together.
  [[nodiscard]] Access by(const Deadline& deadline) const;
  /// Tells this machine's locks from those of others: 16 hex digits, made once.
  [[nodiscard]] Result<std::string> machine(const Deadline& deadline) const;
  /// The same, when it was made already; empty = no deploy of this machine can be at work.
  [[nodiscard]] std::optional<std::string> known_machine() const;
};

}  // namespace cdctl::juju
