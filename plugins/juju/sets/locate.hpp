#pragma once

#include <optional>
#include <string>
#include <vector>

#include <cdctl/set_name.hpp>

#include "plugins/juju/client/questions.hpp"
#include "plugins/juju/client/settings.hpp"
#include "plugins/juju/sets/home.hpp"
#include "plugins/juju/sets/metadata.hpp"

namespace cdctl::juju {

/// The tags of a model that this machine is reaping and that is on its way out: its own can be read
/// no more at some moment of that.
[[nodiscard]] std::optional<Tags> tags_of_leaving(const ControllerHome& home, const SetName& set,
                                                  const ModelItem& model);

/// Where one set is on the controller, asked for just now.
struct Located {
  std::optional<ModelItem> model;  ///< the set's own; empty: there is none
  Tags tags;                       ///< of that model
  Metadata metadata;
  std::vector<ModelItem>
      strangers;     ///< models by its name that say nothing of us: never ours to touch
  bool all = false;  ///< an administrator looked
};

/// Looks for the model of a set: one `models`, and the tags of what has its name. Exit code
/// `unknown` when that cannot be read in full, or when two models claim to be the set.
[[nodiscard]] Result<Located> locate(const ControllerHome& home, const Access& access,
                                     const SetName& set, std::string_view attempt);

/// The settings of its service; with isolation by model when the set has a model of its own from
/// before the service was told otherwise.
[[nodiscard]] Result<JujuSettings> settings_of_set(const Host& host, const ControllerHome& home,
                                                   const Access& access, const SetName& set,
                                                   std::string_view attempt);

/// The model that sets share, as the service's table names it. Exit code `unknown` when this user
/// sees none, or several.
[[nodiscard]] Result<ModelItem> find_shared_model(const ControllerHome& home,
                                                  const Listing& listing,
                                                  const JujuSettings& settings);

/// A model that sets share, asked for just now: what runs in it, and its tags.
struct SharedModel {
  ModelItem model;
  ModelStatus status;
  Tags tags;
  bool all = false;
  [[nodiscard]] const Application* find(const SetName& set) const;
};
/// Three calls. Exit code `unknown` when the model, what runs in it, or its tags cannot be read.
[[nodiscard]] Result<SharedModel> read_shared(const ControllerHome& home, const Access& access,
                                              const JujuSettings& settings,
                                              std::string_view attempt);

}  // namespace cdctl::juju
