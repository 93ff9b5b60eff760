#pragma once

#include <string_view>
#include <vector>

#include "plugins/juju/client/call.hpp"
#include "plugins/juju/model/models.hpp"
#include "plugins/juju/model/status.hpp"

// The questions that more than one room has for a controller.

namespace cdctl::juju {

/// Every model of the controller that this user may see.
struct Listing {
  std::vector<ModelItem> models;
  bool all = false;  ///< those of other users, too: an administrator asked

  [[nodiscard]] const ModelItem* find(std::string_view model_uuid) const;
};
/// One `models` call: `--all`, and without it where that is not allowed. A list that is not
/// complete is an error (exit code `unknown`): what is missing in it may well be there.
[[nodiscard]] Asked<Listing> list_models(const Access& access, std::string_view attempt);

/// The status of a model (`CONTROLLER:UUID`) as JSON. Only an object with its model and
/// applications has answered.
[[nodiscard]] Asked<Json> ask_status(const Access& access, std::string_view model,
                                     std::string_view attempt);
/// One complete look at a model.
[[nodiscard]] Asked<ModelStatus> read_status(const Access& access, std::string_view model,
                                             std::string_view attempt);
/// The question that read_status asks, and what it makes of the answer: for many models at once.
[[nodiscard]] Question status_question(std::string_view model);
[[nodiscard]] Asked<ModelStatus> take_status(const Asked<JujuAnswer>& answer,
                                             std::string_view attempt);

}  // namespace cdctl::juju
