#pragma once

#include <string>

#include <cdctl/json.hpp>
#include <cdctl/time.hpp>

#include "plugins/juju/model/models.hpp"
#include "plugins/juju/model/relations.hpp"
#include "plugins/juju/model/status.hpp"

namespace cdctl::juju {

/// What every record of one answer shares.
struct Heading {
  std::string model;  ///< `OWNER/NAME`, or as it was asked for
  std::string controller;
  Time time;
};

// Members that Juju did not say, or could not read, are null.
[[nodiscard]] Json model_record(const ModelItem& model, Time time);
[[nodiscard]] Json application_record(const Application& application, const Heading& heading);
[[nodiscard]] Json unit_record(const Unit& unit, const Heading& heading);
[[nodiscard]] Json offer_record(const Offer& offer, const Heading& heading);

}  // namespace cdctl::juju
