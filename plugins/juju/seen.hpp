#pragma once

#include <optional>
#include <string>
#include <vector>

#include "home.hpp"
#include "metadata.hpp"

namespace cdctl::juju {

/// What this machine remembers of a model, by its uuid, so that it need not ask again: a complete set never changes what it
/// was made from, and a model that has the name of a set and is none never becomes one.
struct Seen {
  std::string model;     ///< its uuid
  std::string user;      ///< who saw it: to somebody else its absence says nothing
  bool all = false;      ///< and whether as an administrator
  Tags tags;             ///< empty: it is none of ours

  /// A list that this user has got may be believed when it does not hold the model any more.
  [[nodiscard]] bool judged_by(const Listing& listing, const std::string& asked_as) const { return user == asked_as && (listing.all || !all); }
};

/// Nothing when the file is missing or unusable: then the model is asked again.
[[nodiscard]] std::optional<Seen> read_seen(const Place& place, std::string_view model_uuid);
[[nodiscard]] Result<> write_seen(const Place& place, const Seen& seen);
void forget_seen(const Place& place, std::string_view model_uuid);
/// The models that are remembered.
[[nodiscard]] std::vector<std::string> list_seen(const Place& place);

}  // namespace cdctl::juju
