#pragma once

#include <string>

#include <cdctl/json.hpp>

namespace cdctl {

/// One step of an action, for the `steps` of an outcome record.
struct Step {
  std::string plugin;
  bool changed = false;
  Json details = Json::object();  ///< extra members of the step: {"closed":3}
};

}  // namespace cdctl
