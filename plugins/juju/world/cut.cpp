#include <fmt/format.h>

#include <cdctl/stop.hpp>
#include <cdctl/text.hpp>

#include "plugins/juju/world/act.hpp"
#include "plugins/juju/world/world.hpp"

namespace cdctl::juju {

namespace {

constexpr std::size_t k_longest_why = 120;

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
        message_(why.empty() ? std::string("cut by cdctl")
                             : fmt::format("cut by cdctl: {}", printable(why, k_longest_why))) {}

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
    std::string open;
    for (const auto& one : border.forbidden)
      open += fmt::format("{}{}", open.empty() ? "" : "; ", one.words());
    const bool part = !before.empty() || !border.crossings.empty();
    return fail(part ? ExitCode::failed : ExitCode::refused,
                fmt::format("cutting {}: {}: {}; {}, then cut it again", set_.set,
                            part ? "all is cut but what this user may not" : "nothing is cut", open,
                            border.forbidden.front().cure()));
  }

  Result<Step> done(const Border& border) {
    Step step{"juju", !taken_.empty(), counted(taken_)};
    if (!taken_.empty()) {
      // Somebody who wrote other tags of this model meanwhile may have dropped ours
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

}  // namespace

Result<Step> cut_world(const WorldSet& set, std::string_view why, const Deadline& deadline) {
  return Cut(set, why, deadline).run();
}

}  // namespace cdctl::juju
