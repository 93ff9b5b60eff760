#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <cdctl/host.hpp>
#include <cdctl/set_name.hpp>

#include "plugins/juju/client/call.hpp"
#include "plugins/juju/client/settings.hpp"
#include "plugins/juju/model/models.hpp"

// The controller that the engine speaks for, and every file of it on this machine:
//
//   HOME/juju/CONTROLLER-UUID/seen/MODEL-UUID.json   what a complete set was made from; which
//   models are none (seen.hpp)
//                             tags-MODEL-UUID.lock   held by whoever of this machine changes the
//                             tags of a model (tag_change.hpp) sets/NAME/lock         held by
//                             whoever deploys or reaps it here
//                                       reaping      how to know when it is gone (ladder.hpp)
//                                       attempts     deploys that led nowhere
//                                       cut          what a cut has taken away (world.hpp)
//                                       secrets/KEY, work/
//   HOME/juju/machine                                which machine's locks these are

namespace cdctl::juju {

/// One set's folder, 0700.
struct SetFolder {
  std::filesystem::path path;
  [[nodiscard]] std::filesystem::path operator/(std::string_view name) const { return path / name; }
  [[nodiscard]] std::filesystem::path lock() const { return path / "lock"; }
  [[nodiscard]] std::filesystem::path reaping() const { return path / "reaping"; }
  [[nodiscard]] std::filesystem::path attempts() const { return path / "attempts"; }
  [[nodiscard]] std::filesystem::path cut() const { return path / "cut"; }
  [[nodiscard]] std::filesystem::path secrets() const { return path / "secrets"; }
};

struct Place {
  Access access;                 ///< of this controller, by name
  std::string uuid;              ///< the controller's
  std::string user;              ///< as whom juju asks it; empty when it is not logged in
  std::filesystem::path folder;  ///< HOME/juju/CONTROLLER-UUID
  std::filesystem::path machine_file;

  /// Reads Juju's own files; starts nothing. Exit code `config` when no controller is chosen or
  /// known.
  [[nodiscard]] static Result<Place> read(const Host& host);

  [[nodiscard]] std::string home() const { return "juju:" + uuid; }
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

/// The `[juju]` table of a set's service, the defaults when its file has left. Exit code `config`,
/// naming the file.
[[nodiscard]] Result<Settings> settings_for(const Host& host, std::string_view service);

/// Every model of the controller that this user may see.
struct Listing {
  std::vector<ModelItem> models;
  bool all = false;  ///< those of other users, too: an administrator asked

  [[nodiscard]] const ModelItem* find(std::string_view model_uuid) const;
};
/// One `models` call: `--all`, and without it where that is not allowed. A list that is not
/// complete is an error (exit code `unknown`): what is missing in it may well be there.
[[nodiscard]] Asked<Listing> list_models(const Access& access, std::string_view attempt);

/// The part of `OWNER/NAME` after the slash.
[[nodiscard]] std::string_view short_name(const ModelItem& model);
/// It is being destroyed, or has been.
[[nodiscard]] bool dying(const ModelItem& model);

}  // namespace cdctl::juju
