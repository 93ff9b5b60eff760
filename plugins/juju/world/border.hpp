#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "plugins/juju/world/memory.hpp"

namespace cdctl::juju {

/// A relation that crosses the border of the set's model, as its offering side tells of it.
struct Crossing {
  std::string model;    ///< the one that offers, as `-m` takes it
  std::string offer;    ///< `OWNER/MODEL.OFFER`, for people
  std::int64_t id = 0;  ///< of the relation, over there
  std::string state;    ///< joining, joined, suspending, suspended, error, broken; empty = not said
  std::string message;

  [[nodiscard]] bool suspended() const { return state == "suspended"; }
  [[nodiscard]] bool on_its_way() const { return state == "suspending"; }
};

/// A model that offers something to the set, and where this user may not suspend what leads there.
struct Forbidden {
  std::string model;          ///< as `-m` takes it
  std::string name;           ///< `OWNER/MODEL`
  std::string access;         ///< what Juju says of the user's right
  std::size_t relations = 0;  ///< that lead there

  [[nodiscard]] std::string words() const;
  [[nodiscard]] std::string cure() const { return "juju grant USER admin " + name; }
};

/// All that joins a set to the world, as Juju has it now.
struct Border {
  std::vector<Crossing> crossings;  ///< by offering model, then id
  std::vector<Forbidden>
      forbidden;  ///< not among the crossings: they are not to be seen without that right
  std::vector<RelationEnds>
      relations;  ///< a set that shares its model: those to other applications
  std::map<std::string, Json> exposed;  ///< application → its rules
  std::map<std::string, std::int64_t>
      scaled;                     ///< Kubernetes: application → wanted units, where there are any
  std::set<std::string> leaving;  ///< Kubernetes: wants no unit, and still has some
  std::set<std::string> applications;  ///< of the model, and the aliases of what it consumes

  [[nodiscard]] bool closed() const {
    return forbidden.empty() && closed_here();
  }  ///< nothing is open, whatever is there
  [[nodiscard]] bool closed_here() const;  ///< nothing that this user may close is open
};

/// What is read of a border: cut means that nobody uses cost nothing.
struct BorderParts {
  bool relations = false, expose = false, scale = false;
  [[nodiscard]] static BorderParts of(const JujuSettings& settings, const Remembered& remembered);
};

/// Reads the border of one set, as often as it is asked; which uuid an offering model has it asks
/// only once.
class BorderReader {
 public:
  BorderReader(const WorldSet& set, BorderParts parts) : set_(set), parts_(parts) {}
  /// Exit code `unknown` when one part could not be read: what Juju does not show is not taken for
  /// cut. It is checked that the offering side tells of as many relations as the model has.
  [[nodiscard]] Result<Border> read(const Deadline& deadline);

 private:
  struct Offering {
    std::string model, name,
        access;  ///< as `-m` takes it; `OWNER/MODEL`; empty when the user may suspend there
    std::map<std::string, std::size_t> relations;  ///< offer → how many of ours there must be
  };
  [[nodiscard]] Result<Json> ask(const Access& access, const Question& question,
                                 const std::string& what, const Deadline& deadline) const;
  [[nodiscard]] Result<void> read_crossings(const Json& status, Border& border,
                                            const Deadline& deadline);
  [[nodiscard]] Result<void> read_own_offers(const Json& status, Border& border,
                                             const Deadline& deadline) const;
  [[nodiscard]] Result<void> read_exposed(const Json& status, Border& border,
                                          const Deadline& deadline) const;
  [[nodiscard]] Result<void> read_scale(const Json& status, Border& border) const;
  struct Found {
    std::string model, access;  ///< as `-m` takes it, empty when it is not in a complete list; the
                                ///< right when that is not enough
  };
  [[nodiscard]] Result<Found> model_of(const OfferUrl& url, const Deadline& deadline);
  [[nodiscard]] Result<Found> find_model(const std::string& controller, const OfferUrl& url,
                                         bool all, const Deadline& deadline) const;
  [[nodiscard]] Result<void> read_offering(const Offering& entry, Border& border,
                                           const Deadline& deadline) const;
  [[nodiscard]] bool ours(std::string_view application) const {
    return !set_.shares_model() || application == set_.set;
  }
  [[nodiscard]] std::string while_reading(std::string_view what) const;

  const WorldSet& set_;
  BorderParts parts_;
  std::map<std::string, Found> known_;  ///< `CONTROLLER:OWNER/MODEL` → as `-m` takes it
};

}  // namespace cdctl::juju
