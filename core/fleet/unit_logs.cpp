#include "core/fleet/unit_logs.hpp"

#include <algorithm>
#include <map>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cdctl/text.hpp>

#include "core/fleet/fleet.hpp"
#include "core/fleet/selector.hpp"

namespace cdctl::fleet {

namespace {

/// Fills the logs, one a set however many words mean it.
class Opener {
 public:
  Opener(app::Context& context, Fleet& fleet, const Deadline& deadline)
      : context_(context), fleet_(fleet), deadline_(deadline) {}

  Result<> add(const LogSelector& wanted) {
    CDCTL_TRY_ASSIGN(const auto selector, Selector::parse(wanted.set));
    CDCTL_TRY_ASSIGN(const auto picked, selector.pick(fleet_));
    for (const auto* set : picked) {
      const auto* view = fleet_.service(set->name.service);
      if (!set->here() && !set->leftover && !set->ghost) {
        if (!view || !view->error)  // else that was told
          context_.report({ExitCode::failed, fmt::format("{}: it lives in home {}, where its logs "
                                                         "are",
                                                         set->name.str(), set->home)});
        continue;
      }
      if (has_unit(*set, wanted)) mean(set->name, set->service->engine, wanted);
    }
    if (!picked.empty()) return {};
    // Reaped, perhaps: whether their logs are kept is their engine's to say
    const auto gone = reaped_sets(selector);
    for (const auto& name : gone) {
      const auto* service = context_.config().service(name.service);
      mean(name, service ? service->engine : std::string(k_embedded), wanted);
      reaped_.emplace(name.str(), selector);
    }
    if (!gone.empty()) return {};
    report_missing(context_, fleet_, selector, Asker::acts);
    const auto* view = fleet_.service(selector.service);
    if (view && !view->gone.empty() && selector.revision.empty())
      context_.out.note(fmt::format(
          "the logs of a set that was reaped are kept under its name, which cdctl history {} has",
          selector.service));
    return {};
  }

  std::vector<OpenLog> open(const LogQuery& query) {
    std::vector<OpenLog> out;
    for (auto& [log, engine] : logs_) {
      auto mine = query;
      for (const auto& selector : log.selectors) {
        if (is_unit_number(selector.unit)) mine.units.push_back(selector.unit);
        if (!is_unit_number(selector.unit)) break;
      }
      if (mine.units.size() != log.selectors.size()) mine.units.clear();  // all, then see wants()
      auto role = context_.engine(engine);
      auto reader = role ? (*role)->logs(log.set, mine, deadline_)
                         : Result<std::unique_ptr<UnitLogReader>>(std::unexpected(role.error()));
      if (!reader) {
        context_.report(reader.error().in(log.set.str()));
      } else if (!*reader) {
        report_absent(log.set);
      } else {
        log.reader = std::move(*reader);
        out.push_back(std::move(log));
      }
    }
    return out;
  }

 private:
  /// Those that a name or a prefix means. A service alone means what is out there.
  [[nodiscard]] std::vector<SetName> reaped_sets(const Selector& selector) {
    if (selector.revision.empty()) return {};
    if (selector.whole) return {SetName{selector.service, selector.revision}};
    std::vector<SetName> out;
    const auto* view = fleet_.service(selector.service);
    if (!view) return out;
    for (const auto& [name, entry] : view->gone)
      if (const auto set = parse_set_name(name); set && selector.matches(*set)) out.push_back(*set);
    return out;
  }

  /// False, and reported, where nobody would ever write what is asked for.
  bool has_unit(const SetView& set, const LogSelector& wanted) {
    if (wanted.unit.empty() || wanted.unit == k_release || !set.here()) return true;
    const auto engine = context_.engine(set.engine);
    const auto status = engine ? (*engine)->describe(set.name, deadline_)
                               : Result<SetStatus>(std::unexpected(engine.error()));
    if (!status || !status->detail["units"].is_array()) return true;
    std::vector<std::string> names;
    for (const auto& unit : status->detail["units"].items())
      for (const auto* key : {"unit", "process"})
        if (auto name = unit[key].as_string(); std::ranges::find(names, name) == names.end())
          names.push_back(std::move(name));
    if (names.empty() || std::ranges::find(names, wanted.unit) != names.end()) return true;
    context_.report(
        {ExitCode::failed,
         fmt::format("{}: it has no unit '{}'{}; units are called by number or process: {}",
                     set.name.str(), wanted.unit, did_you_mean(wanted.unit, names),
                     fmt::join(names, ", "))});
    return false;
  }

  void mean(const SetName& set, const std::string& engine, const LogSelector& wanted) {
    auto at = std::ranges::find_if(
        logs_, [&](const auto& log) { return log.first.set.str() == set.str(); });
    if (at == logs_.end()) at = logs_.insert(at, {OpenLog{set, {}, nullptr}, engine});
    at->first.selectors.push_back(wanted);
  }

  void report_absent(const SetName& set) {
    const auto gone = reaped_.find(set.str());
    if (gone != reaped_.end())
      report_missing(context_, fleet_, gone->second, Asker::acts);
    else
      context_.report({ExitCode::failed, fmt::format("{}: nothing of it is here", set.str())});
  }

  app::Context& context_;
  Fleet& fleet_;
  const Deadline& deadline_;
  std::vector<std::pair<OpenLog, std::string>> logs_;  ///< and the engine of each
  std::map<std::string, Selector> reaped_;             ///< by the name of the set
};

}  // namespace

bool is_unit_number(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

Result<LogSelector> LogSelector::parse(std::string_view text) {
  const auto slash = text.find('/');
  LogSelector out{std::string(text.substr(0, slash)), {}};
  if (slash != std::string_view::npos) out.unit = text.substr(slash + 1);
  if (slash != std::string_view::npos && !is_unit_number(out.unit) && !valid_word(out.unit))
    return fail(ExitCode::usage,
                fmt::format("logs: '{}' names no unit behind its slash: say its number or its "
                            "process, such as thumbs@newest/0",
                            printable(text, 80)));
  return out;
}

bool LogSelector::wants(const LogLine& line) const {
  return unit.empty() || line.unit == unit || line.process == unit;
}

bool OpenLog::wants(const LogLine& line) const {
  return std::ranges::any_of(selectors,
                             [&](const LogSelector& selector) { return selector.wants(line); });
}

Result<std::vector<OpenLog>> open_logs(app::Context& context,
                                       const std::vector<LogSelector>& selectors,
                                       const LogQuery& query, const Deadline& deadline) {
  std::vector<Selector> sets;
  for (const auto& selector : selectors) {
    CDCTL_TRY_ASSIGN(auto set, Selector::parse(selector.set));
    sets.push_back(std::move(set));
  }
  CDCTL_TRY_ASSIGN(const auto services, services_of(context, sets));
  Fleet fleet(context);
  fleet.load(services, deadline);
  load_roles(fleet, sets, deadline);
  for (const auto& view : fleet.services())
    if (view.error) context.report_record(view.config->name, "listing sets", *view.error);
  Opener opener(context, fleet, deadline);
  for (const auto& selector : selectors) CDCTL_TRY(opener.add(selector));
  return opener.open(query);
}

}  // namespace cdctl::fleet
