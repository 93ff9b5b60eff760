#include "plugins/juju/model/relations.hpp"

#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>

#include <cdctl/text.hpp>

#include "plugins/juju/model/fields.hpp"
#include "plugins/juju/model/models.hpp"

namespace cdctl::juju {

namespace {

/// The other application of one item of `relations`: an object from 3.1 on, a plain name before,
/// and for what is consumed.
struct Related {
  std::string application, interface;
  bool container = false;
};
Related read_related(const Json& item) {
  if (item.is_string()) return {item.as_string(), {}, false};
  return {item["related-application"].as_string(), item["interface"].as_string(),
          item["scope"].view() == "container"};
}

/// An application of the model, or what it consumes under that alias.
const Json& body_of(const Json& status, std::string_view name) {
  const auto& own = status["applications"][name];
  return own.is_object() ? own : status["application-endpoints"][name];
}

bool subordinate_to(const Json& status, std::string_view one, std::string_view other) {
  const auto& principals = body_of(status, one)["subordinate-to"].items();
  return std::ranges::any_of(principals, [&](const Json& name) { return name.view() == other; });
}

/// One end of some relations of two applications: its endpoint, and the interface where status
/// tells it.
struct End {
  std::string endpoint, interface;
  auto operator<=>(const End&) const = default;
};
bool may_meet(const End& a, const End& b) {
  return a.interface.empty() || b.interface.empty() || a.interface == b.interface;
}

std::vector<End> ends_towards(const Json& body, std::string_view other) {
  std::set<End> out;
  for (const auto& [endpoint, items] : body["relations"].members()) {
    for (const auto& item : items.items()) {
      auto related = read_related(item);
      if (related.application != other || related.container) continue;
      if (related.interface.empty())
        related.interface = body["endpoints"][endpoint]["interface"].as_string();
      out.insert({endpoint, std::move(related.interface)});
    }
  }
  return {out.begin(), out.end()};
}

Result<std::vector<RelationEnds>> pair_up(const Json& status, std::string_view application,
                                          const std::string& other) {
  const auto ours = ends_towards(body_of(status, application), other),
             theirs = ends_towards(body_of(status, other), application);
  std::vector<RelationEnds> out;
  for (const auto& end : ours) {
    const auto rivals =
        std::ranges::count_if(ours, [&](const End& one) { return may_meet(one, end); });
    const auto partners =
        std::ranges::count_if(theirs, [&](const End& one) { return may_meet(one, end); });
    if (partners == 0 || (rivals > 1 && partners > 1)) {
      return fail(ExitCode::unknown, fmt::format("Juju does not tell which endpoint of {} the "
                                                 "endpoint {}:{} is related to; see juju show-unit",
                                                 other, application, end.endpoint));
    }
    for (const auto& partner : theirs)
      if (may_meet(partner, end))
        out.push_back({fmt::format("{}:{}", application, end.endpoint),
                       fmt::format("{}:{}", other, partner.endpoint)});
  }
  return out;
}

std::size_t count_relations(const Json& remote) {
  std::size_t count = 0;
  for (const auto& [ignored, applications] : remote["relations"].members())
    count += applications.items().size();
  return count;
}

}  // namespace

bool valid_relation_end(std::string_view text, bool with_endpoint) {
  const auto colon = text.find(':');
  if (!valid_application_name(text.substr(0, colon))) return false;
  return colon == std::string_view::npos ? !with_endpoint
                                         : plain_word(text.substr(colon + 1), "-_");
}

Result<OfferUrl> parse_offer_url(std::string_view text) {
  OfferUrl out;
  auto rest = text;
  if (rest.contains(':')) out.controller = take_until(rest, ':');
  out.owner = take_until(rest, '/');
  out.model = take_until(rest, '.');  // no model has a dot in its name; owners do
  out.offer = rest;
  const bool good =
      (out.controller.empty() ? text.front() != ':' : valid_controller_name(out.controller)) &&
      plain_word(out.owner, "-.+@") && plain_word(out.model, "-") && plain_word(out.offer, "-");
  if (!good)
    return fail(ExitCode::unknown, fmt::format("'{}' is not a URL of an offer that cdctl knows",
                                               printable(text, 120)));
  return out;
}

Result<std::vector<Consumed>> consumed_offers(const Json& status) {
  std::map<OfferUrl, std::size_t> relations;
  for (const auto& [alias, body] : status["application-endpoints"].members()) {
    if (const auto error = status_error(body); !error.empty())
      return fail(ExitCode::unknown, fmt::format("Juju could not read what {} is consumed from: {}",
                                                 alias, printable(error, 120)));
    const auto count = count_relations(body);
    if (count == 0) continue;
    CDCTL_TRY_ASSIGN(auto url, parse_offer_url(body["url"].view()));
    relations[std::move(url)] += count;
  }
  std::vector<Consumed> out;
  for (const auto& [url, count] : relations) out.push_back({url, count});
  return out;
}

Result<std::vector<RelationEnds>> relations_of(const Json& status, std::string_view application) {
  const auto& body = status["applications"][application];
  if (const auto error = status_error(body); !error.empty())
    return fail(ExitCode::unknown,
                fmt::format("Juju could not read {}: {}", application, printable(error, 120)));
  std::set<std::string> others;
  for (const auto& [ignored, items] : body["relations"].members()) {
    for (const auto& item : items.items()) {
      auto related = read_related(item);
      if (related.application.empty())
        return fail(ExitCode::unknown,
                    fmt::format("a relation of {} has no other end", application));
      const bool part = related.container || related.application == application ||
                        subordinate_to(status, related.application, application) ||
                        subordinate_to(status, application, related.application);
      if (!part) others.insert(std::move(related.application));
    }
  }
  std::vector<RelationEnds> out;
  for (const auto& other : others) {
    CDCTL_TRY_ASSIGN(auto pairs, pair_up(status, application, other));
    out.insert(out.end(), pairs.begin(), pairs.end());
  }
  std::ranges::sort(out);
  const auto again = std::ranges::unique(out);
  out.erase(again.begin(), again.end());
  return out;
}

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
  if (!json.is_object()) return fail(ExitCode::unknown, "the answer is not a table of offers");
  std::vector<Offer> out;
  for (const auto& [name, body] : json.members()) {
    if (!body.is_object()) return fail(ExitCode::unknown, "the answer is not a table of offers");
    out.push_back(read_offer(name, body));
  }
  return out;
}

}  // namespace cdctl::juju
