#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include <cdctl/host.hpp>
#include <cdctl/roles.hpp>
#include <cdctl/set_name.hpp>

#include "plugins/juju/model/status.hpp"
#include "plugins/juju/sets/home.hpp"
#include "plugins/juju/sets/locate.hpp"
#include "plugins/juju/sets/metadata.hpp"

// What the engine says of a set, made from what Juju says. This machine's own files say only who of
// it is at work, and how often a deploy led nowhere.

namespace cdctl::juju {

/// Neither a model nor an application, as far as is known: state `absent`. Attempts are this
/// machine's.
[[nodiscard]] SetStatus bare_status(const Host& host, const ControllerHome& home,
                                    const SetName& set);

/// Of a set with a model of its own: its state by life and tags, without its units.
[[nodiscard]] SetStatus status_of(const Host& host, const ControllerHome& home, const SetName& set,
                                  const ModelItem& model, const Metadata& metadata);
/// Of a set that is one application, or none (nullptr), of a shared model: its state by that and by
/// what the model's tags say of work on it. What it was made from lives in the broker's memory.
[[nodiscard]] Result<SetStatus> status_of(const Host& host, const ControllerHome& home,
                                          const SetName& set, const Application* application,
                                          const Metadata& work);

/// Adds what a status read says of its units: those of `application`, of all that are not
/// subordinates when it is empty. Numbers stay empty where Juju does not know (all agents lost,
/// units it could not read): that is never `down`. A live set is down when its units are known,
/// none is up and none is on its way.
void add_units(SetStatus& to, const ModelStatus& status, std::string_view application,
               std::optional<std::int64_t> wanted);

/// Of a set that is an application of a model that it shares (`isolation = "application"`), with
/// its units.
[[nodiscard]] Result<SetStatus> shared_set_status(const Host& host, const ControllerHome& home,
                                                  const SetName& set, const SharedModel& shared);

/// Adds the sets of all services (or the one named) whose sets are applications: one `status` and
/// one `model-config` for each model that they share.
[[nodiscard]] Result<> add_shared_sets(Host& host, const ControllerHome& home, const Access& access,
                                       const Listing& listing,
                                       std::optional<std::string_view> service,
                                       std::vector<SetStatus>& to);

}  // namespace cdctl::juju
