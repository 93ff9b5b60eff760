#include "plugins/juju/commands/records.hpp"

#include <algorithm>

#include "plugins/juju/commands/record_rows.hpp"

namespace cdctl::juju {

namespace {

std::string word_of(const StatusInfo& info) { return info.known() ? info.current : ""; }
const std::string& message_of(const StatusInfo& info) {
  return info.error.empty() ? info.message : info.error;
}

std::optional<UnitCounts> counts(const std::optional<Counts>& units) {
  if (!units) return {};
  return UnitCounts{units->up, units->down, units->bad, units->unknown, units->want()};
}

/// Clients before 4.0 say only that something is dying or dead.
std::string life_of(const Application& application) {
  if (!application.error.empty()) return {};
  return application.life.empty() ? "alive" : application.life;
}

ConnectionRecord connection(const OfferConnection& from) {
  return {.model_uuid = from.model_uuid,
          .user = from.user,
          .endpoint = from.endpoint,
          .relation_id = from.relation_id,
          .status = word_of(from.status),
          .message = message_of(from.status)};
}

}  // namespace

Json model_record(const ModelItem& model, Time time) {
  return records::encode(ModelRecord{.name = model.name,
                                     .uuid = model.uuid,
                                     .controller = model.controller,
                                     .type = model.type,
                                     .cloud = model.cloud,
                                     .region = model.region,
                                     .life = model.life,
                                     .status = word_of(model.status),
                                     .message = message_of(model.status),
                                     .access = model.access,
                                     .agent_version = model.agent_version,
                                     .is_controller = model.is_controller,
                                     .time = time});
}

Json application_record(const Application& application, const Heading& heading) {
  return records::encode(ApplicationRecord{
      .name = application.name,
      .model = heading.model,
      .controller = heading.controller,
      .kind = std::string(to_string(application.kind)),
      .health = application.health ? std::string(to_string(*application.health)) : "",
      .units = counts(application.units),
      .scale = application.scale,
      .life = life_of(application),
      .status = word_of(application.status),
      .message = message_of(application.status),
      .since = application.status.since,
      .charm = application.charm,
      .charm_revision = application.charm_revision,
      .channel = application.channel,
      .url = application.url,
      .subordinate_to = application.subordinate_to,
      .exposed = application.exposed,
      .error = application.error,
      .time = heading.time});
}

Json unit_record(const Unit& unit, const Heading& heading) {
  return records::encode(UnitRecord{.name = unit.name,
                                    .application = unit.application,
                                    .model = heading.model,
                                    .controller = heading.controller,
                                    .health = std::string(to_string(unit.health)),
                                    .why = unit.why,
                                    .workload = word_of(unit.workload),
                                    .message = message_of(unit.workload),
                                    .since = unit.workload.since,
                                    .agent = word_of(unit.agent),
                                    .agent_message = message_of(unit.agent),
                                    .agent_since = unit.agent.since,
                                    .leader = unit.leader,
                                    .principal = unit.principal,
                                    .machine = unit.machine,
                                    .address = unit.address,
                                    .error = unit.error,
                                    .time = heading.time});
}

Json offer_record(const Offer& offer, const Heading& heading) {
  OfferRecord out{.name = offer.name,
                  .model = heading.model,
                  .controller = heading.controller,
                  .url = offer.url,
                  .application = offer.application,
                  .charm = offer.charm,
                  .endpoints = {},
                  .joined = {},
                  .connections = {},
                  .error = offer.error,
                  .time = heading.time};
  for (const auto& endpoint : offer.endpoints)
    out.endpoints.push_back({endpoint.name, endpoint.interface, endpoint.role});
  if (offer.connections) {
    out.connections.emplace();
    for (const auto& one : *offer.connections) out.connections->push_back(connection(one));
    out.joined = std::ranges::count_if(*offer.connections, [](const OfferConnection& one) {
      return one.status.current == "joined";
    });
  }
  return records::encode(out);
}

}  // namespace cdctl::juju
