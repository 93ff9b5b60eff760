#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include <cdctl/host.hpp>
#include <cdctl/roles.hpp>
#include <cdctl/set_name.hpp>

#include "plugins/juju/model/status.hpp"
#include "plugins/juju/sets/home.hpp"
#include "plugins/juju/sets/metadata.hpp"

// Sets that are applications of a model that they share (`isolation = "application"`).

namespace cdctl::juju {

/// The status of a model as JSON. Only an object with its model and applications has answered.
[[nodiscard]] Asked<Json> ask_status(const Access& access, std::string_view model,
                                     std::string_view attempt);
/// One complete look at a model.
[[nodiscard]] Asked<ModelStatus> read_status(const Access& access, std::string_view model,
                                             std::string_view attempt);

struct SharedLook {
  ModelItem model;
  ModelStatus status;
  Tags tags;
  bool all = false;
  [[nodiscard]] const Application* find(const SetName& set) const;
};
/// Three calls. Exit code `unknown` when the model, what runs in it, or its tags cannot be read.
[[nodiscard]] Result<SharedLook> read_shared(const Place& place, const Access& access,
                                             const Settings& settings, std::string_view attempt);

[[nodiscard]] Result<SetStatus> shared_set_status(const Host& host, const Place& place,
                                                  const SetName& set, const SharedLook& look);

/// Adds the sets of all services (or the one named) whose sets are applications: one `status` and
/// one `model-config` for each model that they share.
[[nodiscard]] Result<> add_shared_sets(Host& host, const Place& place, const Access& access,
                                       const Listing& listing,
                                       std::optional<std::string_view> service,
                                       std::vector<SetStatus>& to);

}  // namespace cdctl::juju
