#include "core/fleet/unit_logs.hpp"

#include <algorithm>

#include <fmt/format.h>

#include <cdctl/text.hpp>

#include "core/fleet/fleet.hpp"
#include "core/fleet/selector.hpp"

namespace cdctl::fleet {

namespace {

/// Fills the logs, one a set however many words mean it.
class Opener {
 public:
  Opener(app::Context& context, Fleet& fleet) : context_(context), fleet_(fleet) {}

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
      mean(set->name, set->service->engine, wanted);
    }
    if (!picked.empty()) return {};
    if (const auto name = parse_set_name(wanted.set); name && selector.whole) {
      const auto* service = context_.config().service(name->service);
      // Reaped, perhaps: whether its logs are kept is its engine's to say
      mean(*name, service ? service->engine : std::string(k_embedded), wanted);
      reaped_.push_back(selector);
      return {};
    }
    report_missing(context_, fleet_, selector, Asker::acts);
    return {};
  }

  std::vector<OpenLog> open(const LogQuery& query, const Deadline& deadline) {
    std::vector<OpenLog> out;
    for (auto& [log, engine] : logs_) {
      auto mine = query;
      for (const auto& selector : log.selectors) {
        if (is_unit_number(selector.unit)) mine.units.push_back(selector.unit);
        if (!is_unit_number(selector.unit)) break;
      }
      if (mine.units.size() != log.selectors.size()) mine.units.clear();  // all, then see wants()
      auto role = context_.engine(engine);
      auto reader = role ? (*role)->logs(log.set, mine, deadline)
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
  void mean(const SetName& set, const std::string& engine, const LogSelector& wanted) {
    auto at = std::ranges::find_if(
        logs_, [&](const auto& log) { return log.first.set.str() == set.str(); });
    if (at == logs_.end()) at = logs_.insert(at, {OpenLog{set, {}, nullptr}, engine});
    at->first.selectors.push_back(wanted);
  }

  void report_absent(const SetName& set) {
    const auto gone = std::ranges::find_if(
        reaped_, [&](const Selector& selector) { return selector.text == set.str(); });
    if (gone != reaped_.end())
      report_missing(context_, fleet_, *gone, Asker::acts);
    else
      context_.report({ExitCode::failed, fmt::format("{}: nothing of it is here", set.str())});
  }

  app::Context& context_;
  Fleet& fleet_;
  std::vector<std::pair<OpenLog, std::string>> logs_;  ///< and the engine of each
  std::vector<Selector> reaped_;
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
                                       const std::vector<LogSelector>& selectors, LogQuery query,
                                       const Deadline& deadline) {
  std::vector<Selector> sets;
  for (const auto& selector : selectors) {
    CDCTL_TRY_ASSIGN(auto set, Selector::parse(selector.set));
    sets.push_back(std::move(set));
  }
  CDCTL_TRY_ASSIGN(const auto services, services_of(context, sets));
  Fleet fleet(context);
  fleet.load(services, deadline);
  for (const auto& view : fleet.services())
    if (view.error) context.report(view.error->in(view.config->name));
  Opener opener(context, fleet);
  for (const auto& selector : selectors) CDCTL_TRY(opener.add(selector));
  return opener.open(query, deadline);
}

}  // namespace cdctl::fleet
