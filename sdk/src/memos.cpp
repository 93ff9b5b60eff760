#include <cdctl/roles.hpp>

#include <cdctl/set_name.hpp>
#include <cdctl/source.hpp>

namespace cdctl {

Json to_json(const SetMemo& memo) {
  Json out = Json::object({{"service", memo.name.service},
                           {"revision", memo.name.revision},
                           {"engine", memo.engine},
                           {"home", memo.home},
                           {"sources", to_json(memo.sources)},
                           {"units", memo.units},
                           {"deployed_at", to_rfc3339(memo.deployed_at)}});
  if (memo.first_deployed_at) out.set("first_deployed_at", to_rfc3339(*memo.first_deployed_at));
  if (memo.reaped_at) out.set("reaped_at", to_rfc3339(*memo.reaped_at));
  if (memo.min_live) out.set("min_live", to_json(*memo.min_live));
  if (!memo.delivery_limits.empty()) {
    Json limits = Json::object();
    for (const auto& [queue, limit] : memo.delivery_limits) limits.set(queue, limit);
    out.set("delivery_limits", std::move(limits));
  }
  if (memo.release_begun) out.set("release_begun", to_rfc3339(*memo.release_begun));
  if (memo.released_at) out.set("released_at", to_rfc3339(*memo.released_at));
  return out;
}

Result<SetMemo> set_memo_from_json(const SetName& name, const Json& json) {
  const auto deployed_at = parse_rfc3339(json["deployed_at"].view());
  if (!deployed_at || json["home"].view().empty())
    return fail("the memory of " + name.str() + " has no home and deployed_at");
  auto sources = sources_from_json(json["sources"]);
  if (!sources) return fail(sources.error().in("the memory of " + name.str()));
  const auto min_live = min_live_from_json(json["min_live"]);
  std::map<std::string, std::int64_t> delivery_limits;
  for (const auto& [queue, limit] : json["delivery_limits"].members())
    if (limit.is_int()) delivery_limits.emplace(queue, limit.as_int());
  return SetMemo{name,
                 json["engine"].as_string("local"),
                 json["home"].as_string(),
                 std::move(*sources),
                 *deployed_at,
                 json["units"].as_int(),
                 parse_rfc3339(json["reaped_at"].view()),
                 parse_rfc3339(json["first_deployed_at"].view()),
                 min_live ? std::optional(*min_live) : std::nullopt,
                 std::move(delivery_limits),
                 parse_rfc3339(json["release_begun"].view()),
                 parse_rfc3339(json["released_at"].view())};
}

namespace {

Json probation_json(const Probation& probation) {
  return Json::object({{"since", to_rfc3339(probation.since)},
                       {"until", to_rfc3339(probation.until)},
                       {"messages", probation.messages},
                       {"early", probation.early},
                       {"by", probation.by}});
}

std::optional<Probation> probation_from(const Json& json) {
  const auto since = parse_rfc3339(json["since"].view()),
             until = parse_rfc3339(json["until"].view());
  if (!since || !until) return std::nullopt;
  return Probation{*since, *until, json["messages"].as_int(1), json["early"].as_bool(),
                   json["by"].as_string()};
}

}  // namespace

Json to_json(const CutMemo& memo) {
  Json out = Json::object(
      {{"cut", memo.cut}, {"by", memo.by}, {"at", to_rfc3339(memo.at)}, {"why", memo.why}});
  out.set("prev_limit", memo.prev_limit ? Json(*memo.prev_limit) : Json());
  if (memo.mended_at) out.set("mended_at", to_rfc3339(*memo.mended_at));
  if (memo.probation) out.set("probation", probation_json(*memo.probation));
  if (!memo.stopped_in.empty()) out.set("stopped_in", memo.stopped_in);
  if (!memo.cuts.empty()) {
    Json cuts = Json::array();
    for (const auto& cut : memo.cuts) cuts.push_back(to_rfc3339(cut));
    out.set("cuts", std::move(cuts));
  }
  return out;
}

Result<CutMemo> cut_memo_from_json(const Json& json) {
  const auto at = parse_rfc3339(json["at"].view());
  if (!json["cut"].is_bool() || !at) return fail("a cut memory has no cut and at");
  std::vector<Time> cuts;
  for (const auto& cut : json["cuts"].items())
    if (const auto time = parse_rfc3339(cut.view())) cuts.push_back(*time);
  return CutMemo{
      json["cut"].as_bool(),
      json["by"].as_string(),
      json["why"].as_string(),
      *at,
      json["prev_limit"].is_int() ? std::optional(json["prev_limit"].as_int()) : std::nullopt,
      parse_rfc3339(json["mended_at"].view()),
      probation_from(json["probation"]),
      json["stopped_in"].as_string(),
      std::move(cuts)};
}

std::string_view to_string(Force::State state) {
  switch (state) {
    case Force::State::open:
      return "open";
    case Force::State::closed:
      return "closed";
    case Force::State::observe:
      return "observe";
  }
  return "observe";
}

Json to_json(const Force& force) {
  return Json::object({{"state", to_string(force.state)},
                       {"by", force.by},
                       {"at", to_rfc3339(force.at)},
                       {"why", force.why}});
}

Result<Force> force_from_json(const Json& json) {
  const auto at = parse_rfc3339(json["at"].view());
  for (const auto state : {Force::State::open, Force::State::closed, Force::State::observe})
    if (at && json["state"].view() == to_string(state))
      return Force{state, json["by"].as_string(), json["why"].as_string(), *at};
  return fail("a forced state has no state of open, closed, observe, or no time");
}

Json to_json(const Hold& hold) {
  auto out = Json::object({{"by", hold.by}, {"at", to_rfc3339(hold.at)}, {"why", hold.why}});
  if (hold.until) out.set("until", to_rfc3339(*hold.until));
  if (hold.retiring) out.set("retiring", true);
  return out;
}

Result<Hold> hold_from_json(const Json& json) {
  const auto at = parse_rfc3339(json["at"].view());
  const auto until = parse_rfc3339(json["until"].view());
  if (!at || (!json["until"].is_null() && !until))
    return fail("a deploy freeze has no time, or no readable one");
  return Hold{json["by"].as_string(), json["why"].as_string(), *at,
              until ? std::optional(*until) : std::nullopt, json["retiring"].as_bool()};
}

}  // namespace cdctl
