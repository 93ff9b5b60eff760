#include "core/actions/scale.hpp"

#include <algorithm>
#include <vector>

#include <fmt/format.h>

#include <cdctl/text.hpp>

#include "core/actions/absent.hpp"
#include "core/actions/guard.hpp"
#include "core/actions/outcome.hpp"
#include "core/actions/set_transaction.hpp"
#include "core/fleet/fleet.hpp"
#include "core/fleet/known_service.hpp"

namespace cdctl::actions {

namespace {

/// What was proposed longer ago is about another moment.
constexpr Millis k_oldest_wish = std::chrono::minutes(5);

std::int64_t sum_of(const UnitCounts& units) {
  std::int64_t sum = 0;
  for (const auto& [process, count] : units) sum += count;
  return sum;
}

/// Units that end. What another process gets more of makes up for none of them.
std::int64_t ended_by(const UnitCounts& now, const UnitCounts& wanted) {
  std::int64_t out = 0;
  for (const auto& [process, count] : now)
    if (const auto at = wanted.find(process); at != wanted.end())
      out += std::max<std::int64_t>(count - at->second, 0);
  return out;
}

Json to_json(const UnitCounts& units) {
  auto out = Json::object();
  for (const auto& [process, count] : units) out.set(process, count);
  return out;
}

/// The wanted units of each process now. Only the home of a set can change them.
Result<UnitCounts> counts_now(const fleet::SetView& set) {
  if (!set.here()) {
    return fail(ExitCode::refused,
                set.ghost
                    ? std::string("its home has nothing of it any more; deploy it again first")
                    : fmt::format("its units are in home {}; scale it there", set.home));
  }
  if (set.state == "reaping") return fail(ExitCode::refused, "it is being reaped");
  if (!set.status->want) return fail(ExitCode::unknown, "its units could not be read");
  if (!set.status->processes.empty()) return set.status->processes;
  if (set.state == "deploying" || set.state == "partial")
    return fail(ExitCode::refused,
                "its deploy has not come so far yet, or failed; cdctl outdated | cdctl deploy "
                "finishes it");
  return fail(ExitCode::config,
              fmt::format("the engine {} cannot change how many units a set has; a number in the "
                          "service's file is what the next revision begins with",
                          set.engine));
}

/// What the service's file says of the processes that the set has.
Result<UnitCounts> counts_of_file(const ServiceConfig& service, const UnitCounts& now) {
  if (service.units.empty())
    return fail(ExitCode::config,
                fmt::format("{} names no units; say PROCESS=N", service.file.string()));
  UnitCounts out;
  for (const auto& [process, count] : now) {
    const auto at = service.units.find(process);
    out[process] = at == service.units.end() ? 0 : at->second;
  }
  return out;
}

Result<UnitCounts> counts_wanted(const ScaleOrder& order, const ServiceConfig& service,
                                 const UnitCounts& now) {
  auto wanted = order.units;
  if (wanted.empty()) {
    CDCTL_TRY_ASSIGN(wanted, counts_of_file(service, now));
  }
  auto out = now;
  for (const auto& [process, count] : wanted) {
    if (!now.contains(process)) {
      std::vector<std::string> names;
      for (const auto& [name, units] : now) names.push_back(name);
      return fail(ExitCode::config,
                  fmt::format("it has no process '{}'{}; what its service's file gave no unit when "
                              "it was deployed is not in it",
                              printable(process, 60), did_you_mean(process, names)));
    }
    out[process] = count;
  }
  if (sum_of(out) < 1)
    return fail(
        ExitCode::refused,
        fmt::format("refused: a set has one unit at least; cdctl break {} cuts it off, cdctl "
                    "reap {} removes it",
                    order.set.str(), order.set.str()));
  return out;
}

/// Why a proposal is about another moment; empty where it is not.
std::string passed(const ScaleOrder& order, const UnitCounts& now) {
  if (order.at && cdctl::now() - *order.at > k_oldest_wish)
    return fmt::format("it was proposed {} ago", to_age(cdctl::now() - *order.at));
  if (!order.from || order.units.size() != 1) return {};
  const auto at = now.find(order.units.begin()->first);
  if (at == now.end() || at->second == *order.from || at->second == order.units.begin()->second)
    return {};
  return fmt::format("it was proposed for {}, and it has {} by now", plural(*order.from, "unit"),
                     at->second);
}

Result<> scale(app::Context& context, const ScaleOrder& order, const ScaleOptions& options,
               Outcome& outcome, const Deadline& deadline) {
  const auto& name = order.set;
  SetTransaction transaction(context, name, outcome, k_scale, deadline);
  if (!outcome.dry_run()) {
    CDCTL_TRY(transaction.open(context.config().service(name.service)));
    // Held to the end: what was counted is so until the step is done
    CDCTL_TRY(transaction.lock());
  }
  fleet::Fleet fleet(context);
  fleet.load({name.service}, deadline);
  const auto* view = fleet.service(name.service);
  if (view && view->memory_error) return std::unexpected(*view->memory_error);
  const auto* set = view ? view->set(name) : nullptr;
  if (!set) {
    if (view && view->error) return std::unexpected(*view->error);
    CDCTL_TRY(check_was_there(context, view, name));
    outcome.set("absent", true);
    return {};
  }
  CDCTL_TRY(fleet::refuse_foreign(context, *set));
  CDCTL_TRY_ASSIGN(const auto now, counts_now(*set));
  CDCTL_TRY_ASSIGN(const auto wanted, counts_wanted(order, *view->config, now));
  if (auto why = passed(order, now); !why.empty()) {
    outcome.set("ignored", std::move(why));
    return {};
  }
  outcome.set("units", to_json(wanted));
  const auto ended = ended_by(now, wanted);
  if (ended > 0 && !set->cut.value_or(false) && !options.even_last) {
    const auto enough = [&](const Live& count) {
      return guard_scale(*view, name, count, ended).has_value();
    };
    CDCTL_TRY_ASSIGN(const auto live, live_units(context, *view, deadline, enough));
    CDCTL_TRY(guard_scale(*view, name, live, ended));
  }
  if (outcome.dry_run()) {
    outcome.changed(wanted != now);
    return {};
  }
  CDCTL_TRY(transaction.open(view->config));
  return transaction.scale(wanted);
}

}  // namespace

bool scale_set(app::Context& context, const ScaleOrder& order, const ScaleOptions& options,
               const Deadline& deadline) {
  Outcome outcome(context, "scale", order.set, options.dry_run);
  outcome.why(order.why);
  if (auto done = scale(context, order, options, outcome, deadline); !done)
    outcome.fail_with(done.error());
  outcome.write();
  return outcome.ok();
}

}  // namespace cdctl::actions
