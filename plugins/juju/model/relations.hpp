#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <cdctl/error.hpp>
#include <cdctl/json.hpp>

#include "plugins/juju/model/fields.hpp"

// What the status of a model says of relations. It never says whether one is suspended: only the
// side that offers does.

namespace cdctl::juju {

/// `[CONTROLLER:]OWNER/MODEL.OFFER`, as status gives the url of what a model consumes.
struct OfferUrl {
  std::string controller;  ///< empty: the same as the model's
  std::string owner, model, offer;
  [[nodiscard]] std::string model_name() const { return owner + "/" + model; }
  auto operator<=>(const OfferUrl&) const = default;
};
/// Exit code `unknown`: it comes from Juju.
[[nodiscard]] Result<OfferUrl> parse_offer_url(std::string_view text);

/// An offer of another model, and how many relations lead to it: so many connections its offering
/// side must tell of.
struct Consumed {
  OfferUrl url;
  std::size_t relations = 0;
};
/// Each offer once, whatever number of aliases it has; those without a relation are left out. Exit
/// code `unknown` where Juju could not read one.
[[nodiscard]] Result<std::vector<Consumed>> consumed_offers(const Json& status);

/// `APPLICATION[:ENDPOINT]`, as juju takes it for an argument; `with_endpoint`: both parts.
[[nodiscard]] bool valid_relation_end(std::string_view text, bool with_endpoint);

/// Both ends of a relation inside a model, each as `APPLICATION:ENDPOINT`; the other may be the
/// alias of an offer.
struct RelationEnds {
  std::string ours, theirs;
  auto operator<=>(const RelationEnds&) const = default;
};
/// The relations that join an application to others: not its peers, and not its subordinates, which
/// are part of it. Sorted. Exit code `unknown` where Juju could not read it, or where two relations
/// of one interface between the same two applications cannot be told apart.
[[nodiscard]] Result<std::vector<RelationEnds>> relations_of(const Json& status,
                                                             std::string_view application);

// What `juju offers` says of the other side.

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
/// not a table of offers.
[[nodiscard]] Result<std::vector<Offer>> parse_offers(const Json& json);

}  // namespace cdctl::juju
