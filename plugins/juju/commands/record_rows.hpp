#pragma once

#include <array>

#include <cdctl/record.hpp>

// The records of `cdctl juju …`. What Juju did not say, or what could not be read, is null.

namespace cdctl::juju {

using records::ColumnRow;
using records::head;
using records::optional;
using records::RecordRow;
using records::required;
using records::Show;

struct ModelRecord {
  static constexpr ColumnRow k_columns[] = {{"MODEL", "name"},
                                            {"TYPE", "type"},
                                            {"LIFE", "life"},
                                            {"STATUS", "status"},
                                            {"CLOUD", "cloud"},
                                            {"AGENT", "agent_version"},
                                            {"REGION", "region", Show::text, true},
                                            {"ACCESS", "access", Show::text, true},
                                            {"UUID", "uuid", Show::text, true},
                                            {"MESSAGE", "message", Show::blank, true}};
  static constexpr RecordRow k_head = head(
      "cdctl.juju-model/1", "A model of a Juju controller, as `juju models` lists it", k_columns);

  std::string name, uuid, controller, type, cloud, region, life, status, message, access;
  std::string agent_version;
  bool is_controller = false;
  Time time;

  static constexpr auto rows() {
    return std::tuple{required("name", &ModelRecord::name, "text"),
                      required("uuid", &ModelRecord::uuid, "uuid"),
                      required("controller", &ModelRecord::controller, "text or null"),
                      required("type", &ModelRecord::type, "text or null"),
                      required("cloud", &ModelRecord::cloud, "text or null"),
                      required("region", &ModelRecord::region, "text or null"),
                      required("life", &ModelRecord::life, "text or null"),
                      required("status", &ModelRecord::status, "text or null"),
                      required("message", &ModelRecord::message, "text or null"),
                      required("access", &ModelRecord::access, "text or null"),
                      required("agent_version", &ModelRecord::agent_version, "text or null"),
                      required("is_controller", &ModelRecord::is_controller, "flag"),
                      required("time", &ModelRecord::time, "time")};
  }
};

/// The units of an application, by their health.
struct UnitCounts {
  std::int64_t up = 0, down = 0, bad = 0, unknown = 0, want = 0;

  static constexpr auto rows() {
    return std::tuple{required("up", &UnitCounts::up, "integer >= 0"),
                      required("down", &UnitCounts::down, "integer >= 0"),
                      required("bad", &UnitCounts::bad, "integer >= 0"),
                      required("unknown", &UnitCounts::unknown, "integer >= 0"),
                      required("want", &UnitCounts::want, "integer >= 0")};
  }
};

struct ApplicationRecord {
  static constexpr ColumnRow k_columns[] = {{"APPLICATION", "name"},
                                            {"HEALTH", "health"},
                                            {"UNITS", "units", Show::units},
                                            {"NOTE", "", Show::note, false, 0,
                                             "only error: cannot be read\n"
                                             "only kind=remote: from {url}\n"
                                             "life&life!=alive: {life}\n"
                                             "units.down: {units.down} down\n"
                                             "units.bad: {units.bad} bad\n"
                                             "units.unknown: {units.unknown} unknown"},
                                            {"MODEL", "model"},
                                            {"STATUS", "status", Show::text, true},
                                            {"CHARM", "charm", Show::text, true},
                                            {"REV", "charm_revision", Show::text, true},
                                            {"MESSAGE", "message", Show::blank, true}};
  static constexpr RecordRow k_head = head(
      "cdctl.juju-application/1", "An application of a Juju model, judged by its units", k_columns);

  std::string name, model, controller, kind, health;
  std::optional<UnitCounts> units;
  std::optional<std::int64_t> scale;
  std::string life, status, message;
  std::optional<Time> since;
  std::string charm;
  std::optional<std::int64_t> charm_revision;
  std::string channel, url;
  std::vector<std::string> subordinate_to;
  bool exposed = false;
  std::string error;
  Time time;

  static constexpr auto rows() {
    return std::tuple{
        required("name", &ApplicationRecord::name, "text"),
        required("model", &ApplicationRecord::model, "text"),
        required("controller", &ApplicationRecord::controller, "text or null"),
        required("kind", &ApplicationRecord::kind, "one of principal subordinate remote"),
        required("health", &ApplicationRecord::health, "one of ok wait bad unknown or null",
                 "that of its worst units; null when it has none"),
        required("units", &ApplicationRecord::units, "object or null",
                 "null when it has none of its own, or they could not be read"),
        required("scale", &ApplicationRecord::scale, "integer or null"),
        required("life", &ApplicationRecord::life, "text or null"),
        required("status", &ApplicationRecord::status, "text or null"),
        required("message", &ApplicationRecord::message, "text or null"),
        required("since", &ApplicationRecord::since, "time or null"),
        required("charm", &ApplicationRecord::charm, "text or null"),
        required("charm_revision", &ApplicationRecord::charm_revision, "integer or null"),
        required("channel", &ApplicationRecord::channel, "text or null"),
        required("url", &ApplicationRecord::url, "text or null"),
        required("subordinate_to", &ApplicationRecord::subordinate_to, "list of text"),
        required("exposed", &ApplicationRecord::exposed, "flag"),
        required("error", &ApplicationRecord::error, "text or null"),
        required("time", &ApplicationRecord::time, "time")};
  }
};

struct UnitRecord {
  static constexpr ColumnRow k_columns[] = {{"UNIT", "name"},
                                            {"HEALTH", "health"},
                                            {"WORKLOAD", "workload"},
                                            {"AGENT", "agent"},
                                            {"WHY", "why", Show::brief},
                                            {"LEADER", "leader", Show::yes, true},
                                            {"MACHINE", "machine", Show::text, true},
                                            {"ADDRESS", "address", Show::text, true},
                                            {"MODEL", "model", Show::text, true},
                                            {"MESSAGE", "message", Show::blank, true}};
  static constexpr RecordRow k_head =
      head("cdctl.juju-unit/1", "A unit of a Juju model, judged by its own words", k_columns);

  std::string name, application, model, controller, health, why, workload, message;
  std::optional<Time> since;
  std::string agent, agent_message;
  std::optional<Time> agent_since;
  bool leader = false;
  std::string principal, machine, address, error;
  Time time;

  static constexpr auto rows() {
    return std::tuple{required("name", &UnitRecord::name, "text"),
                      required("application", &UnitRecord::application, "text"),
                      required("model", &UnitRecord::model, "text"),
                      required("controller", &UnitRecord::controller, "text or null"),
                      required("health", &UnitRecord::health, "one of ok wait bad unknown"),
                      required("why", &UnitRecord::why, "text or null"),
                      required("workload", &UnitRecord::workload, "text or null"),
                      required("message", &UnitRecord::message, "text or null"),
                      required("since", &UnitRecord::since, "time or null"),
                      required("agent", &UnitRecord::agent, "text or null"),
                      required("agent_message", &UnitRecord::agent_message, "text or null"),
                      required("agent_since", &UnitRecord::agent_since, "time or null"),
                      required("leader", &UnitRecord::leader, "flag"),
                      required("principal", &UnitRecord::principal, "text or null"),
                      required("machine", &UnitRecord::machine, "text or null"),
                      required("address", &UnitRecord::address, "text or null"),
                      required("error", &UnitRecord::error, "text or null"),
                      required("time", &UnitRecord::time, "time")};
  }
};

/// An endpoint of an offer.
struct EndpointRecord {
  std::string name, interface, role;

  static constexpr auto rows() {
    return std::tuple{required("name", &EndpointRecord::name, "text"),
                      required("interface", &EndpointRecord::interface, "text or null"),
                      required("role", &EndpointRecord::role, "text or null")};
  }
};

/// Who is connected to an offer.
struct ConnectionRecord {
  std::string model_uuid, user, endpoint;
  std::optional<std::int64_t> relation_id;
  std::string status, message;

  static constexpr auto rows() {
    return std::tuple{required("model_uuid", &ConnectionRecord::model_uuid, "text or null"),
                      required("user", &ConnectionRecord::user, "text or null"),
                      required("endpoint", &ConnectionRecord::endpoint, "text or null"),
                      required("relation_id", &ConnectionRecord::relation_id, "integer or null"),
                      required("status", &ConnectionRecord::status, "text or null"),
                      required("message", &ConnectionRecord::message, "text or null")};
  }
};

struct OfferRecord {
  static constexpr ColumnRow k_columns[] = {{"OFFER", "name"},
                                            {"APPLICATION", "application"},
                                            {"JOINED", "joined"},
                                            {"ENDPOINTS", "endpoints", Show::names},
                                            {"URL", "url"},
                                            {"CHARM", "charm", Show::text, true},
                                            {"MODEL", "model", Show::text, true}};
  static constexpr RecordRow k_head =
      head("cdctl.juju-offer/1", "What a Juju model offers to others", k_columns);

  std::string name, model, controller, url, application, charm;
  std::vector<EndpointRecord> endpoints;
  std::optional<std::int64_t> joined;
  std::optional<std::vector<ConnectionRecord>> connections;
  std::string error;
  Time time;

  static constexpr auto rows() {
    return std::tuple{
        required("name", &OfferRecord::name, "text"),
        required("model", &OfferRecord::model, "text"),
        required("controller", &OfferRecord::controller, "text or null"),
        required("url", &OfferRecord::url, "text or null"),
        required("application", &OfferRecord::application, "text or null"),
        required("charm", &OfferRecord::charm, "text or null"),
        required("endpoints", &OfferRecord::endpoints, "list of object"),
        required("joined", &OfferRecord::joined, "integer >= 0 or null",
                 "connections that are joined; null when Juju says nothing of connections"),
        required("connections", &OfferRecord::connections, "list of object or null"),
        required("error", &OfferRecord::error, "text or null"),
        required("time", &OfferRecord::time, "time")};
  }
};

inline constexpr std::array k_records{
    records::row_of<ModelRecord>(), records::row_of<ApplicationRecord>(),
    records::row_of<UnitRecord>(), records::row_of<OfferRecord>()};

}  // namespace cdctl::juju
