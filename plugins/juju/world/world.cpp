#include "plugins/juju/world/world.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "plugins/juju/world/border.hpp"

namespace cdctl::juju {

namespace {

Json details_of(const Border& border, const Remembered& remembered) {
  auto relations = Json::array();
  for (const auto& one : border.crossings) {
    relations.push_back(
        Json::object({{"offer", one.offer},
                      {"id", one.id},
                      {"state", one.state.empty() ? Json() : Json(one.state)},
                      {"message", one.message.empty() ? Json() : Json(one.message)}}));
  }
  for (const auto& [ours, theirs] : border.relations)
    relations.push_back(Json::object({{"ends", Json::array({ours, theirs})}, {"state", "there"}}));
  for (const auto& [ours, theirs] : remembered.relations) {
    const bool there =
        std::ranges::find(border.relations, RelationEnds{ours, theirs}) != border.relations.end();
    if (!there)
      relations.push_back(
          Json::object({{"ends", Json::array({ours, theirs})}, {"state", "removed"}}));
  }
  auto exposed = Json::array();
  for (const auto& [application, rules] : border.exposed) exposed.push_back(application);
  return Json::object({{"relations", std::move(relations)},
                       {"exposed", std::move(exposed)},
                       {"remembered", to_json(remembered)}});
}

}  // namespace

Result<World> read_world(const WorldSet& set, const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(const auto remembered, CutMemory(set).load(deadline));
  BorderReader reader(set, BorderParts::of(set.settings, remembered));
  CDCTL_TRY_ASSIGN(const auto border, reader.read(deadline));
  if (!border.forbidden.empty())
    return fail(ExitCode::unknown,
                fmt::format("whether {} is cut cannot be seen: {}; {}", set.set,
                            border.forbidden.front().words(), border.forbidden.front().cure()));
  const bool something = !border.crossings.empty() || !remembered.empty();
  return World{something && border.closed(), details_of(border, remembered)};
}

Result<Remembered> remembered_cut(const WorldSet& set, const Deadline& deadline) {
  return CutMemory(set).load(deadline);
}

}  // namespace cdctl::juju
