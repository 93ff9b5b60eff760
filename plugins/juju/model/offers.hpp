#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <cdctl/error.hpp>

#include "plugins/juju/model/fields.hpp"

namespace cdctl::juju {

struct OfferEndpoint {
  std::string name, interface, role;
};

/// One relation of another model to the offer.
struct OfferConnection {
  std::string model_uuid;  ///< of the model that consumes
  std::string user, endpoint;
  std::optional<std::int64_t> relation_id;
  StatusInfo status;  ///< joining, joined, suspending, suspended, error, broken
};

/// One item of `juju offers --format json`.
struct Offer {
  std::string name, application, charm, url;
  std::vector<OfferEndpoint> endpoints;
  /// Empty when juju says nothing of them: there are none, or it is one of the 4.0 clients that
  /// leave them out.
  std::optional<std::vector<OfferConnection>> connections;
  std::string error;  ///< Juju could not read it
};

/// A model without offers answers `{}`, and then ends well. Exit code `unknown` when the answer is
/// no table of offers.
[[nodiscard]] Result<std::vector<Offer>> parse_offers(const Json& json);

}  // namespace cdctl::juju
