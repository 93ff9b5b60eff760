#include "plugins/juju/world/border.hpp"

#include <algorithm>
#include <tuple>

#include <fmt/format.h>

#include <cdctl/text.hpp>

#include "plugins/juju/model/models.hpp"
#include "plugins/juju/model/relations.hpp"
#include "plugins/juju/sets/locate.hpp"

namespace cdctl::juju {

namespace {

constexpr std::string_view k_early = "no right to see them, or a 4.0 client before 4.0.11";

const Offer* find_offer(const std::vector<Offer>& offers, std::string_view name) {
  const auto at = std::ranges::find(offers, name, &Offer::name);
  return at == offers.end() ? nullptr : &*at;
}

Result<Crossing> crossing_of(const OfferConnection& connection, const std::string& model,
                             const std::string& offer) {
  if (!connection.relation_id || *connection.relation_id < 0)
    return fail(ExitCode::unknown, fmt::format("{} tells of a relation without its id", offer));
  return Crossing{model, offer, *connection.relation_id,
                  connection.status.known() ? connection.status.current : std::string(),
                  connection.status.message};
}

}  // namespace

std::string Forbidden::words() const {
  return fmt::format("{} leads to the set by {}, and this user's right there is '{}'", name,
                     plural(static_cast<std::int64_t>(relations), "relation"),
                     printable(access, 20));
}

bool Border::closed_here() const {
  return relations.empty() && exposed.empty() && scaled.empty() && leaving.empty() &&
         std::ranges::all_of(crossings, &Crossing::suspended);
}

BorderParts BorderParts::of(const JujuSettings& settings, const Remembered& remembered) {
  return {settings.cuts(CutMeans::relations) || !remembered.suspended.empty() ||
              !remembered.relations.empty(),
          settings.cuts(CutMeans::expose) || !remembered.exposed.empty(),
          settings.cuts(CutMeans::scale) || !remembered.scaled.empty()};
}

std::string BorderReader::while_reading(std::string_view what) const {
  return fmt::format("reading {} of {}", what, set_.set);
}

Result<Json> BorderReader::ask(const Access& access, const Question& question,
                               const std::string& what, const Deadline& deadline) const {
  CDCTL_TRY_ASSIGN(const auto limited, access_within(access, deadline, what));
  auto answer = juju_call(limited, question, what);
  if (!answer) return fail(std::move(answer.error().error));
  return std::move(answer->json);
}

Result<Border> BorderReader::read(const Deadline& deadline) {
  const auto what = while_reading("the status");
  CDCTL_TRY_ASSIGN(const auto access, access_within(set_.access, deadline, what));
  const auto asked = ask_status(access, set_.address(), what);
  if (!asked) return fail(asked.error().error);
  const auto& status = *asked;
  Border border;
  for (const auto* key : {"applications", "application-endpoints"})
    for (const auto& [name, ignored] : status[key].members()) {
      if (!valid_application_name(name))
        return fail(ExitCode::unknown, fmt::format("{}: '{}' is not the name of an application",
                                                   what, printable(name, 60)));
      border.applications.insert(name);
    }
  if (parts_.relations) CDCTL_TRY(read_crossings(status, border, deadline));
  if (parts_.expose) CDCTL_TRY(read_exposed(status, border, deadline));
  if (parts_.scale) CDCTL_TRY(read_scale(status, border));
  std::ranges::sort(border.crossings, {},
                    [](const Crossing& one) { return std::tie(one.model, one.id); });
  return border;
}

// ---------------------------------------------------------------- relations

Result<void> BorderReader::read_crossings(const Json& status, Border& border,
                                          const Deadline& deadline) {
  const auto attempt = while_reading("the relations");
  CDCTL_TRY(read_own_offers(status, border, deadline));
  if (set_.shares_model()) {
    // The offering side does not say which application of our model a relation belongs to: these
    // are cut on our side
    auto relations = relations_of(status, set_.set);
    if (!relations) return fail(relations.error().in(attempt));
    border.relations = std::move(*relations);
    return {};
  }
  auto consumed = consumed_offers(status);
  if (!consumed) return fail(consumed.error().in(attempt));
  std::map<std::string, Offering> offering;
  for (const auto& [url, relations] : *consumed) {
    CDCTL_TRY_ASSIGN(auto found, model_of(url, deadline));
    auto& entry = offering[found.model];
    entry.name = url.model_name();
    entry.model = std::move(found.model);
    entry.access = std::move(found.access);
    entry.relations[url.offer] += relations;
  }
  for (const auto& [model, entry] : offering) CDCTL_TRY(read_offering(entry, border, deadline));
  return {};
}

Result<void> BorderReader::read_offering(const Offering& entry, Border& border,
                                         const Deadline& deadline) const {
  if (!entry.access.empty()) {
    std::size_t all = 0;
    for (const auto& [name, relations] : entry.relations) all += relations;
    border.forbidden.push_back({entry.model, entry.name, entry.access, all});
    return {};
  }
  const auto what = fmt::format("{}, asking {}", while_reading("the relations"), entry.name);
  CDCTL_TRY_ASSIGN(const auto json,
                   ask(set_.access, {"offers", "-m", entry.model}, what, deadline));
  const auto offers = parse_offers(json);
  if (!offers) return fail(offers.error().in(what));
  for (const auto& [name, relations] : entry.relations) {
    const auto* offer = find_offer(*offers, name);
    const auto shown = fmt::format("{}.{}", entry.name, name);
    std::size_t found = 0;
    for (const auto& connection :
         offer && offer->connections ? *offer->connections : std::vector<OfferConnection>()) {
      if (connection.model_uuid != set_.model) continue;
      auto crossing = crossing_of(connection, entry.model, shown);
      if (!crossing) return fail(crossing.error().in(what));
      border.crossings.push_back(std::move(*crossing));
      ++found;
    }
    if (found >= relations) continue;
    return fail(
        ExitCode::unknown,
        fmt::format("{}: {} shows {} of the {} relations that {} has with it ({}); try again, or "
                    "juju grant USER admin {}",
                    what, shown, found, relations, set_.set,
                    offer && offer->connections ? "they are being made, or not this user's to see"
                                                : k_early,
                    entry.name));
  }
  return {};
}

/// What the set itself offers to others: there its own model is the offering side.
Result<void> BorderReader::read_own_offers(const Json& status, Border& border,
                                           const Deadline& deadline) const {
  std::map<std::string, std::int64_t> wanted;
  for (const auto& [name, body] : status["offers"].members()) {
    if (!body["application"].is_string())
      return fail(ExitCode::unknown,
                  fmt::format("{}: Juju could not read the offer {}",
                              while_reading("the relations"), printable(name, 60)));
    if (const auto count = body["total-connected-count"].as_int();
        count > 0 && ours(body["application"].view()))
      wanted[name] = count;
  }
  if (wanted.empty()) return {};
  const auto what = while_reading("the offers");
  CDCTL_TRY_ASSIGN(const auto json,
                   ask(set_.access, {"offers", "-m", set_.address()}, what, deadline));
  const auto offers = parse_offers(json);
  if (!offers) return fail(offers.error().in(what));
  for (const auto& [name, count] : wanted) {
    const auto* offer = find_offer(*offers, name);
    if (!offer || !offer->connections ||
        static_cast<std::int64_t>(offer->connections->size()) < count) {
      return fail(ExitCode::unknown, fmt::format("{}: {} does not tell of its {} relations ({})",
                                                 what, name, count, k_early));
    }
    for (const auto& connection : *offer->connections) {
      auto crossing = crossing_of(connection, set_.address(), name);
      if (!crossing) return fail(crossing.error().in(what));
      border.crossings.push_back(std::move(*crossing));
    }
  }
  return {};
}

Result<BorderReader::Found> BorderReader::model_of(const OfferUrl& url, const Deadline& deadline) {
  const auto controller = url.controller.empty() ? set_.access.controller : url.controller;
  const auto key = fmt::format("{}:{}", controller, url.model_name());
  if (const auto at = known_.find(key); at != known_.end()) return at->second;
  auto found = find_model(controller, url, false, deadline);
  if (found && (found->model.empty() || !found->access.empty())) {
    // An administrator of the controller may do everything, whatever he was granted
    if (auto all = find_model(controller, url, true, deadline); all && !all->model.empty())
      found = Found{std::move(all->model), {}};
  }
  if (!found) return found;
  if (found->model.empty()) {
    return fail(
        ExitCode::unknown,
        fmt::format(
            "{}: this user does not see the model {} that offers {}, so it cannot suspend what "
            "leads there; juju grant USER admin {}, or leave relations out of [juju] cut",
            while_reading("the relations"), key, url.offer, url.model_name()));
  }
  return known_[key] = *found;
}

Result<BorderReader::Found> BorderReader::find_model(const std::string& controller,
                                                     const OfferUrl& url, bool all,
                                                     const Deadline& deadline) const {
  const auto what =
      fmt::format("looking for the model {} that offers {}", url.model_name(), url.offer);
  Question question{"models"};
  if (!controller.empty()) question.insert(question.end(), {"-c", controller});
  if (all) question.emplace_back("--all");
  CDCTL_TRY_ASSIGN(const auto limited, access_within(set_.access, deadline, what));
  const auto answer = juju_call(limited, question, what);
  if (!answer) return fail(answer.error().error);
  const auto list = parse_models(answer->json, answer->notes);
  if (!list) return fail(list.error().in(what));
  for (const auto& item : list->models)  // a right that is not said is not refused: the offer tells
    if (item.name == url.model_name())
      return Found{controller.empty() ? item.uuid : fmt::format("{}:{}", controller, item.uuid),
                   item.access == "admin" ? std::string() : item.access};
  if (!list->missing.empty())
    return fail(ExitCode::unknown,
                fmt::format("{}: not all models are listed: {}", what, list->missing));
  return Found{};
}

// ---------------------------------------------------------------- exposure, scale

Result<void> BorderReader::read_exposed(const Json& status, Border& border,
                                        const Deadline& deadline) const {
  for (const auto& [name, body] : status["applications"].members()) {
    if (!ours(name)) continue;
    const auto what = fmt::format("{}, of {}", while_reading("what is exposed"), name);
    if (!body["exposed"].is_bool())
      return fail(ExitCode::unknown, fmt::format("{}: Juju could not read it", what));
    if (!body["exposed"].as_bool()) continue;
    CDCTL_TRY_ASSIGN(
        const auto shown,
        ask(set_.access, {"show-application", name, "-m", set_.address()}, what, deadline));
    const auto& rules = shown[name];
    if (!rules.is_object())
      return fail(ExitCode::unknown, fmt::format("{}: the answer says nothing of it", what));
    const auto& endpoints = rules["exposed-endpoints"];
    border.exposed[name] = endpoints.is_object() ? endpoints : Json::object();
  }
  return {};
}

Result<void> BorderReader::read_scale(const Json& status, Border& border) const {
  if (status["model"]["type"].view() != "caas")
    return fail(
        ExitCode::config,
        fmt::format(
            "[juju] cut: 'scale' works on Kubernetes only, and the model of {} is not on it",
            set_.set));
  for (const auto& [name, body] : status["applications"].members()) {
    if (!ours(name) || !body["subordinate-to"].items().empty()) continue;
    if (!body["exposed"].is_bool())
      return fail(ExitCode::unknown,
                  fmt::format("{}: Juju could not read {}", while_reading("the scale"), name));
    if (const auto scale = body["scale"].as_int(); scale > 0)
      border.scaled[name] = scale;
    else if (!body["units"].members().empty())
      border.leaving.insert(name);
  }
  return {};
}

}  // namespace cdctl::juju
