#include <algorithm>

#include <fmt/format.h>

#include <cdctl/stop.hpp>

#include "plugins/juju/world/act.hpp"
#include "plugins/juju/world/world.hpp"

namespace cdctl::juju {

namespace {

constexpr std::string_view k_mark = "cut by cdctl";

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

}  // namespace

Result<Step> mend_world(const WorldSet& set, const Deadline& deadline) {
  return Mend(set, deadline).run();
}

}  // namespace cdctl::juju
