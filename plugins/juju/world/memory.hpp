#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <cdctl/error.hpp>
#include <cdctl/fs.hpp>
#include <cdctl/json.hpp>
#include <cdctl/time.hpp>

#include "plugins/juju/client/call.hpp"
#include "plugins/juju/client/settings.hpp"
#include "plugins/juju/model/relations.hpp"
#include "plugins/juju/sets/tags.hpp"

namespace cdctl::juju {

/// A set, as far as its cut needs to know it.
struct WorldSet {
  Access access;
  std::string set;    ///< its name; isolation by application: of its application, too
  std::string model;  ///< uuid
  JujuSettings settings;
  std::filesystem::path remembered;  ///< `…/sets/NAME/cut`: a copy of what a cut remembers

  /// What follows `-m`.
  [[nodiscard]] std::string address() const {
    return access.controller.empty() ? model : access.controller + ":" + model;
  }
  [[nodiscard]] bool shares_model() const { return settings.isolation == Isolation::application; }
  /// As ControllerHome::tags_lock.
  [[nodiscard]] std::filesystem::path tags_lock() const {
    return remembered.parent_path().parent_path().parent_path() / ("tags-" + model + ".lock");
  }
};

/// What a cut took away, and a mend has to bring back.
struct Remembered {
  std::map<std::string, std::set<std::int64_t>>
      suspended;  ///< offering model (`CONTROLLER:UUID`) → relations
  std::map<std::string, Json>
      exposed;  ///< application → its `exposed-endpoints`; empty = everything to everyone
  std::map<std::string, std::int64_t> scaled;  ///< application → units
  std::set<RelationEnds> relations;            ///< removed

  [[nodiscard]] bool empty() const {
    return suspended.empty() && exposed.empty() && scaled.empty() && relations.empty();
  }
  /// Takes in what `later` saw: a cut that is repeated must not forget what the first one took.
  void add(const Remembered& later);
  friend bool operator==(const Remembered&, const Remembered&) = default;
};
[[nodiscard]] Json to_json(const Remembered& remembered);
/// Exit code `unknown` when it is nothing that a cut wrote.
[[nodiscard]] Result<Remembered> remembered_from_json(const Json& json);

/// Where it is kept: in a tag of the model, so that every machine can mend; and, for a model of its
/// own, in a file with that model's uuid, in case somebody drops the tag. Of a shared model only
/// the tag counts: Juju does not tell one application from an earlier one of its name.
class CutMemory {
 public:
  explicit CutMemory(const WorldSet& set) : set_(set) {}
  /// The tag's, else the file's, else nothing remembered. Exit code `unknown` when Juju could not
  /// be asked.
  [[nodiscard]] Result<Remembered> load(const Deadline& deadline) const;
  /// Adds to what is remembered, and returns once it was read back from Juju.
  [[nodiscard]] Result<> add(const Remembered& more, const Deadline& deadline) const;
  [[nodiscard]] Result<> forget(const Deadline& deadline) const;

 private:
  [[nodiscard]] std::string key() const;
  [[nodiscard]] Result<Remembered> among(const Tags& tags, std::string_view attempt) const;
  [[nodiscard]] Result<std::optional<std::string>> from_file() const;
  [[nodiscard]] Result<> write_file(const Remembered& all) const;
  /// Changes the one tag; the others stay as they are.
  [[nodiscard]] Result<> change(const TagEdit& edit, std::string_view attempt,
                                const Deadline& deadline) const;
  const WorldSet& set_;
};

}  // namespace cdctl::juju
