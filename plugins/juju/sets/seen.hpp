#pragma once

#include <optional>
#include <string>
#include <vector>

#include "plugins/juju/client/questions.hpp"
#include "plugins/juju/sets/home.hpp"
#include "plugins/juju/sets/metadata.hpp"

namespace cdctl::juju {

/// What this machine remembers of a model, by its uuid, so that `ls` need not ask again, and that
/// never changes: which set it is, what a complete one was made from and when, since when it
/// serves; and that a model with the name of a set is not a set. Nothing else goes by it: who works
/// on a set or changes it asks Juju.
struct Seen {
  std::string model;  ///< its uuid
  std::string user;   ///< who saw it: to somebody else its absence says nothing
  bool all = false;   ///< and whether as an administrator
  Tags tags;          ///< empty: it is not ours

  /// A list that this user has got may be believed when it does not hold the model any more.
  friend bool operator==(const Seen&, const Seen&) = default;
  [[nodiscard]] bool judged_by(const Listing& listing, const std::string& asked_as) const {
    return user == asked_as && (listing.all || !all);
  }
};

/// Nothing when the file is missing or unusable: then the model is asked again.
[[nodiscard]] std::optional<Seen> read_seen(const ControllerHome& home,
                                            std::string_view model_uuid);
/// Remembers a model whose tags were read just now, or forgets it when its set is not complete.
[[nodiscard]] Result<> note_seen(const ControllerHome& home, bool all, const ModelItem& model,
                                 const Tags& tags);
void forget_seen(const ControllerHome& home, std::string_view model_uuid);
/// The models that are remembered.
[[nodiscard]] std::vector<std::string> list_seen(const ControllerHome& home);

}  // namespace cdctl::juju
