#include "plugins/juju/commands/records.hpp"

#include <algorithm>

namespace cdctl::juju {

namespace {

Json said(const std::string& text) { return text.empty() ? Json() : Json(text); }
Json said(const std::optional<std::int64_t>& number) { return number ? Json(*number) : Json(); }
Json said(const std::optional<Time>& time) { return time ? Json(to_rfc3339(*time)) : Json(); }
Json word_of(const StatusInfo& info) { return info.known() ? Json(info.current) : Json(); }
Json message_of(const StatusInfo& info) {
  return said(info.error.empty() ? info.message : info.error);
}

Json counts(const std::optional<Counts>& units) {
  if (!units) return {};
  return Json::object({{"up", units->up},
                       {"down", units->down},
                       {"bad", units->bad},
                       {"unknown", units->unknown},
                       {"want", units->want()}});
}

/// Clients before 4.0 say only that something is dying or dead.
Json life_of(const Application& application) {
  if (!application.error.empty()) return {};
  return application.life.empty() ? "alive" : application.life;
}

Json connection(const OfferConnection& from) {
  return Json::object({{"model_uuid", said(from.model_uuid)},
                       {"user", said(from.user)},
                       {"endpoint", said(from.endpoint)},
                       {"relation_id", said(from.relation_id)},
                       {"status", word_of(from.status)},
                       {"message", message_of(from.status)}});
}

}  // namespace

Json model_record(const ModelItem& model, Time time) {
  return Json::object({{"schema", "cdctl.juju-model/1"},
                       {"name", model.name},
                       {"uuid", model.uuid},
                       {"controller", said(model.controller)},
                       {"type", said(model.type)},
                       {"cloud", said(model.cloud)},
                       {"region", said(model.region)},
                       {"life", said(model.life)},
                       {"status", word_of(model.status)},
                       {"message", message_of(model.status)},
                       {"access", said(model.access)},
                       {"agent_version", said(model.agent_version)},
                       {"is_controller", model.is_controller},
                       {"time", to_rfc3339(time)}});
}

Json application_record(const Application& application, const Heading& heading) {
  return Json::object(
      {{"schema", "cdctl.juju-application/1"},
       {"name", application.name},
       {"model", heading.model},
       {"controller", said(heading.controller)},
       {"kind", to_string(application.kind)},
       {"health", application.health ? Json(to_string(*application.health)) : Json()},
       {"units", counts(application.units)},
       {"scale", said(application.scale)},
       {"life", life_of(application)},
       {"status", word_of(application.status)},
       {"message", message_of(application.status)},
       {"since", said(application.status.since)},
       {"charm", said(application.charm)},
       {"charm_revision", said(application.charm_revision)},
       {"channel", said(application.channel)},
       {"url", said(application.url)},
       {"subordinate_to", Json::strings(application.subordinate_to)},
       {"exposed", application.exposed},
       {"error", said(application.error)},
       {"time", to_rfc3339(heading.time)}});
}

Json unit_record(const Unit& unit, const Heading& heading) {
  return Json::object({{"schema", "cdctl.juju-unit/1"},
                       {"name", unit.name},
                       {"application", unit.application},
                       {"model", heading.model},
                       {"controller", said(heading.controller)},
                       {"health", to_string(unit.health)},
                       {"why", said(unit.why)},
                       {"workload", word_of(unit.workload)},
                       {"message", message_of(unit.workload)},
                       {"since", said(unit.workload.since)},
                       {"agent", word_of(unit.agent)},
                       {"agent_message", message_of(unit.agent)},
                       {"agent_since", said(unit.agent.since)},
                       {"leader", unit.leader},
                       {"principal", said(unit.principal)},
                       {"machine", said(unit.machine)},
                       {"address", said(unit.address)},
                       {"error", said(unit.error)},
                       {"time", to_rfc3339(heading.time)}});
}

Json offer_record(const Offer& offer, const Heading& heading) {
  auto endpoints = Json::array();
  for (const auto& endpoint : offer.endpoints)
    endpoints.push_back(Json::object({{"name", endpoint.name},
                                      {"interface", said(endpoint.interface)},
                                      {"role", said(endpoint.role)}}));
  Json connections, joined;
  if (offer.connections) {
    connections = Json::array();
    for (const auto& one : *offer.connections) connections.push_back(connection(one));
    joined = std::ranges::count_if(*offer.connections, [](const OfferConnection& one) {
      return one.status.current == "joined";
    });
  }
  return Json::object({{"schema", "cdctl.juju-offer/1"},
                       {"name", offer.name},
                       {"model", heading.model},
                       {"controller", said(heading.controller)},
                       {"url", said(offer.url)},
                       {"application", said(offer.application)},
                       {"charm", said(offer.charm)},
                       {"endpoints", std::move(endpoints)},
                       {"joined", std::move(joined)},
                       {"connections", std::move(connections)},
                       {"error", said(offer.error)},
                       {"time", to_rfc3339(heading.time)}});
}

}  // namespace cdctl::juju
