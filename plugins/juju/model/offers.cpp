#include "plugins/juju/model/offers.hpp"

namespace cdctl::juju {

namespace {

OfferConnection read_connection(const Json& json) {
  OfferConnection out;
  out.model_uuid = json["source-model-uuid"].as_string();
  out.user = json["username"].as_string();
  out.endpoint = json["endpoint"].as_string();
  if (const auto& id = json["relation-id"]; id.is_int()) out.relation_id = id.as_int();
  out.status = read_info(json["status"]);
  return out;
}

Offer read_offer(const std::string& name, const Json& json) {
  Offer out;
  out.name = name;
  out.application = json["application"].as_string();
  out.charm = json["charm"].as_string();
  out.url = json["offer-url"].as_string();
  for (const auto& [endpoint, body] : json["endpoints"].members())
    out.endpoints.push_back({endpoint, body["interface"].as_string(), body["role"].as_string()});
  if (const auto& connections = json["connections"]; connections.is_array()) {
    out.connections.emplace();
    for (const auto& connection : connections.items())
      out.connections->push_back(read_connection(connection));
  }
  out.error = status_error(json);
  return out;
}

}  // namespace

Result<std::vector<Offer>> parse_offers(const Json& json) {
  if (!json.is_object()) return fail(ExitCode::unknown, "the answer is no table of offers");
  std::vector<Offer> out;
  for (const auto& [name, body] : json.members()) {
    if (!body.is_object()) return fail(ExitCode::unknown, "the answer is no table of offers");
    out.push_back(read_offer(name, body));
  }
  return out;
}

}  // namespace cdctl::juju
