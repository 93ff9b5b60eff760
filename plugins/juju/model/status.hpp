#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <cdctl/error.hpp>

#include "plugins/juju/model/fields.hpp"

// What `juju status --format json` says, of clients 2.9 to 4.x, as far as cdctl needs it. The
// shapes differ by version, so everything goes by what is there.

namespace cdctl::juju {

/// What is known of a unit's health. Juju's own status of an application is not a base for it: it
/// may say `active` while all its units are lost.
enum class Health { ok, wait, bad, unknown };
[[nodiscard]] std::string_view to_string(Health health);

struct Unit {
  std::string name;  ///< `thumbs/0`
  std::string application;
  std::string principal;  ///< of a subordinate: the unit it lives beside
  StatusInfo workload, agent;
  std::string machine;  ///< empty on Kubernetes
  std::string address;
  bool leader = false;
  std::string error;  ///< Juju could not read the unit
  Health health = Health::unknown;
  std::string why;  ///< of any health but ok, in a few words
};

/// Each unit is in exactly one of them. `down` is what waits, and what a Kubernetes application has
/// fewer than its scale.
struct Counts {
  std::int64_t up = 0, down = 0, bad = 0, unknown = 0;
  [[nodiscard]] std::int64_t want() const { return up + down + bad + unknown; }
};

enum class ApplicationKind {
  principal,
  subordinate,
  remote
};  ///< remote: consumed from another model, Juju's SAAS
[[nodiscard]] std::string_view to_string(ApplicationKind kind);

struct Application {
  std::string name;
  ApplicationKind kind = ApplicationKind::principal;
  std::string charm;
  std::optional<std::int64_t> charm_revision;
  std::string channel;
  std::string url;  ///< of a remote one: the offer
  StatusInfo status;
  std::string life;                   ///< alive, dying, dead; clients before 4.0 leave alive out
  std::optional<std::int64_t> scale;  ///< Kubernetes; a scale of 0 is left out
  std::vector<std::string> subordinate_to;
  bool exposed = false;
  std::string error;  ///< Juju could not read the application: neither its units
  std::optional<Counts>
      units;  ///< empty: it has none of its own (remote), or they could not be read
  /// That of its worst units; empty when it has no unit.
  std::optional<Health> health;
};

struct ModelStatus {
  std::string name;  ///< without its owner
  std::string type;  ///< iaas, caas
  std::string controller, cloud, version;
  StatusInfo status;
  std::vector<Application> applications;  ///< in Juju's order, the remote ones last
  std::vector<Unit> units;                ///< each principal followed by its subordinates
  bool everyone_lost =
      false;  ///< no agent is in touch: more likely the controller's fault than each unit's
};

/// Reads one answer and judges every unit. Linear in its size. Exit code `unknown` when it is not
/// a status: `{}` is not one.
[[nodiscard]] Result<ModelStatus> parse_status(const Json& json);

}  // namespace cdctl::juju
