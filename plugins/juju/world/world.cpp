#include "plugins/juju/world/world.hpp"

#include <algorithm>

#include <fmt/format.h>

#include <cdctl/stop.hpp>
#include <cdctl/text.hpp>

#include "plugins/juju/world/acts.hpp"
#include "plugins/juju/world/border.hpp"

namespace cdctl::juju {

namespace {

constexpr std::size_t k_longest_why = 120;
constexpr std::string_view k_mark = "cut by cdctl";

/// What is still open, in a few words.
std::string still_open(const Border& border) {
  for (const auto& one : border.crossings)
    if (!one.suspended())
      return fmt::format("relation {} with {} still reads '{}'", one.id, one.offer,
                         printable(one.state, 40));
  if (!border.relations.empty())
    return fmt::format("the relation {} {} is still there", border.relations.front().ours,
                       border.relations.front().theirs);
  if (!border.exposed.empty())
    return fmt::format("{} is still exposed", border.exposed.begin()->first);
  if (!border.scaled.empty())
    return fmt::format("{} still wants {} units", border.scaled.begin()->first,
                       border.scaled.begin()->second);
  return border.leaving.empty() ? "nothing is open"
                                : fmt::format("{} still has units", *border.leaving.begin());
}

Remembered to_take_away(const Border& border) {
  Remembered out;
  for (const auto& one : border.crossings)
    if (!one.suspended() && !one.on_its_way()) out.suspended[one.model].insert(one.id);
  out.exposed = border.exposed;
  out.scaled = border.scaled;
  out.relations.insert(border.relations.begin(), border.relations.end());
  return out;
}

Json counted(const Remembered& taken) {
  auto out = Json::object();
  std::size_t suspended = 0;
  for (const auto& [model, ids] : taken.suspended) suspended += ids.size();
  const auto say = [&](const char* what, std::size_t count) {
    if (count > 0) out.set(what, count);
  };
  say("suspended", suspended);
  say("removed", taken.relations.size());
  say("unexposed", taken.exposed.size());
  say("scaled", taken.scaled.size());
  return out;
}

class Cut {
 public:
  Cut(const WorldSet& set, std::string_view why, const Deadline& deadline)
      : set_(set),
        deadline_(deadline),
        memory_(set),
        reader_(set, BorderParts::of(set.settings, {})),
        acts_(set, deadline),
        message_(why.empty() ? std::string(k_mark)
                             : fmt::format("{}: {}", k_mark, printable(why, k_longest_why))) {}

  Result<Step> run() {
    for (;;) {
      const auto read = reader_.read(deadline_);
      if (!read) return fail(acts_.at_the_end(read.error(), "cutting"));
      const auto& border = *read;
      if (border.closed()) return done(border);
      if (border.closed_here()) return partly(border);
      if (const auto taking = to_take_away(border); !taking.empty()) {
        CDCTL_TRY(memory_.add(taking, deadline_));
        crash_point("juju.cut.remembered");
        taken_.add(taking);
        CDCTL_TRY(take_away(taking));
      }
      CDCTL_TRY(acts_.wait("cutting", still_open(border)));
    }
  }

 private:
  Result<> take_away(const Remembered& taking) {
    for (const auto& [model, ids] : taking.suspended) {
      std::vector<std::string> words{"suspend-relation"};
      for (const auto id : ids) words.push_back(std::to_string(id));
      words.insert(words.end(), {"--message", message_});
      CDCTL_TRY(acts_.act(model, std::move(words),
                          fmt::format("suspending relations of {} in {}", set_.set, model)));
      crash_point("juju.cut.suspended");
    }
    for (const auto& [ours, theirs] : taking.relations) {
      CDCTL_TRY(acts_.act({"remove-relation", ours, theirs},
                          fmt::format("removing the relation {} {}", ours, theirs)));
      crash_point("juju.cut.removed");
    }
    for (const auto& [application, rules] : taking.exposed) {
      CDCTL_TRY(acts_.act({"unexpose", application},
                          fmt::format("unexposing {} of {}", application, set_.set)));
      crash_point("juju.cut.unexposed");
    }
    for (const auto& [application, units] : taking.scaled) {
      CDCTL_TRY(acts_.act({"scale-application", application, "0"},
                          fmt::format("scaling {} of {} to 0", application, set_.set)));
      crash_point("juju.cut.scaled");
    }
    return {};
  }

  /// All is cut but what this user may not: exit code `refused` when that is all there is.
  Result<Step> partly(const Border& border) {
    if (!taken_.empty()) CDCTL_TRY(memory_.add(taken_, deadline_));
    CDCTL_TRY_ASSIGN(const auto before, memory_.load(deadline_));
    std::vector<std::string> open;
    for (const auto& one : border.forbidden) open.push_back(one.words());
    const bool part = !before.empty() || !border.crossings.empty();
    return fail(part ? ExitCode::failed : ExitCode::refused,
                fmt::format("cutting {}: {}: {}; {}, then cut it again", set_.set,
                            part ? "all is cut but what this user may not" : "nothing is cut",
                            joined(open, "; "), border.forbidden.front().cure()));
  }

  Result<Step> done(const Border& border) {
    Step step{"juju", !taken_.empty(), counted(taken_)};
    if (!taken_.empty()) {
      // Somebody who wrote other tags of this model meanwhile can have dropped ours
      CDCTL_TRY(memory_.add(taken_, deadline_));
    } else if (border.crossings.empty()) {
      CDCTL_TRY_ASSIGN(const auto before, memory_.load(deadline_));
      if (before.empty()) step.details.set("nothing", true);
    }
    return step;
  }

  const WorldSet& set_;
  const Deadline& deadline_;
  CutMemory memory_;
  BorderReader reader_;
  WorldActs acts_;
  std::string message_;
  Remembered taken_;
};

/// What a mend still has to do.
struct Missing {
  Remembered parts;
  Json left = Json::array();  ///< suspended by somebody else
  Json lost = Json::array();  ///< relations whose other end is gone

  [[nodiscard]] std::string words() const {
    if (!parts.suspended.empty())
      return fmt::format("a relation in {} is still suspended", parts.suspended.begin()->first);
    if (!parts.relations.empty())
      return fmt::format("the relation {} {} is not there again", parts.relations.begin()->ours,
                         parts.relations.begin()->theirs);
    if (!parts.scaled.empty())
      return fmt::format("{} does not have its scale again", parts.scaled.begin()->first);
    return parts.exposed.empty()
               ? "nothing is missing"
               : fmt::format("{} is not exposed as it was", parts.exposed.begin()->first);
  }
};

bool has_rules(const Json& now, const Json& rules) {
  return std::ranges::all_of(rules.members(),
                             [&](const auto& rule) { return now[rule.first] == rule.second; });
}

class Mend {
 public:
  Mend(const WorldSet& set, const Deadline& deadline)
      : set_(set), deadline_(deadline), memory_(set), acts_(set, deadline) {}

  Result<Step> run() {
    CDCTL_TRY_ASSIGN(remembered_, memory_.load(deadline_));
    BorderReader reader(set_, BorderParts::of(set_.settings, remembered_));
    for (;;) {
      const auto read = reader.read(deadline_);
      if (!read) return fail(acts_.at_the_end(read.error(), "mending"));
      const auto& border = *read;
      for (const auto& one : border.forbidden)
        if (remembered_.suspended.contains(one.model))
          return fail(ExitCode::refused, fmt::format("mending {}: {}; {}, then mend it again",
                                                     set_.set, one.words(), one.cure()));
      const auto missing = find_missing(border);
      if (missing.parts.empty()) return done(missing);
      CDCTL_TRY(bring_back(missing.parts, border));
      changed_ = true;
      CDCTL_TRY(acts_.wait("mending", missing.words()));
    }
  }

 private:
  Missing find_missing(const Border& border) const {
    Missing out;
    for (const auto& one : border.crossings) {
      if (!one.suspended() && !one.on_its_way()) continue;
      const auto at = remembered_.suspended.find(one.model);
      const bool ours = one.message.starts_with(k_mark) ||
                        (at != remembered_.suspended.end() && at->second.contains(one.id));
      if (ours)
        out.parts.suspended[one.model].insert(one.id);
      else
        out.left.push_back(fmt::format("{} {}", one.offer, one.id));
    }
    for (const auto& relation : remembered_.relations) {
      if (std::ranges::find(border.relations, relation) != border.relations.end()) continue;
      const auto there = [&](const std::string& end) {
        return border.applications.contains(end.substr(0, end.find(':')));
      };
      if (there(relation.ours) && there(relation.theirs))
        out.parts.relations.insert(relation);
      else
        out.lost.push_back(fmt::format("{} {}", relation.ours, relation.theirs));
    }
    for (const auto& [application, units] :
         remembered_.scaled)  // another scale than 0 is somebody's wish by now
      if (border.applications.contains(application) && !border.scaled.contains(application))
        out.parts.scaled[application] = units;
    for (const auto& [application, rules] : remembered_.exposed) {
      if (!border.applications.contains(application)) continue;
      const auto now = border.exposed.find(application);
      if (now == border.exposed.end() || !has_rules(now->second, rules))
        out.parts.exposed[application] = rules;
    }
    return out;
  }

  Result<> bring_back(const Remembered& parts, const Border& border) {
    for (const auto& [model, ids] : parts.suspended) {
      std::vector<std::string> words{"resume-relation"};
      for (const auto id : ids) words.push_back(std::to_string(id));
      CDCTL_TRY(acts_.act(model, std::move(words),
                          fmt::format("resuming relations of {} in {}", set_.set, model)));
      crash_point("juju.mend.resumed");
    }
    for (const auto& [ours, theirs] : parts.relations) {
      CDCTL_TRY(acts_.act({"relate", ours, theirs}, fmt::format("relating {} {}", ours, theirs)));
      crash_point("juju.mend.related");
    }
    for (const auto& [application, units] : parts.scaled) {
      CDCTL_TRY(acts_.act({"scale-application", application, std::to_string(units)},
                          fmt::format("scaling {} of {} to {}", application, set_.set, units)));
      crash_point("juju.mend.scaled");
    }
    for (const auto& [application, rules] : parts.exposed) {
      const auto now = border.exposed.find(application);
      CDCTL_TRY(
          acts_.expose(application, rules, now == border.exposed.end() ? Json() : now->second));
      crash_point("juju.mend.exposed");
    }
    return {};
  }

  Result<Step> done(const Missing& missing) {
    if (!remembered_.empty())
      CDCTL_TRY(memory_.forget(deadline_));
    else
      CDCTL_TRY(remove_tree(set_.remembered));  // of a mend that was killed, or of another machine
    Step step{"juju", changed_, Json::object()};
    if (!missing.left.items().empty()) step.details.set("left", missing.left);
    if (!missing.lost.items().empty()) step.details.set("lost", missing.lost);
    return step;
  }

  const WorldSet& set_;
  const Deadline& deadline_;
  CutMemory memory_;
  WorldActs acts_;
  Remembered remembered_;
  bool changed_ = false;
};

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

Result<Step> cut_world(const WorldSet& set, std::string_view why, const Deadline& deadline) {
  return Cut(set, why, deadline).run();
}

Result<Step> mend_world(const WorldSet& set, const Deadline& deadline) {
  return Mend(set, deadline).run();
}

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
