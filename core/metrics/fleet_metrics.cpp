#include "core/metrics/fleet_metrics.hpp"

#include <algorithm>
#include <array>
#include <functional>
#include <map>

#include "core/breaker/rule.hpp"

namespace cdctl::metrics {

namespace {

constexpr std::array<std::string_view, 11> k_states = {
    "live",    "cut",        "trial", "deploying", "partial", "down",
    "stopped", "locked_out", "lost",  "reaping",   "unknown"};

double seconds(Time time) { return static_cast<double>(time.time_since_epoch().count()) / 1000; }

std::string_view severity_word(Severity least) {
  switch (least) {
    case Severity::critical:
      return "critical";
    case Severity::error:
      return "errors";
    case Severity::warning:
      return "warnings";
    default:
      return "signals";
  }
}

std::string_view breaker_of(const fleet::SetView& set) {
  if (!set.cut) return "unknown";
  if (!*set.cut) return "closed";
  return set.memory.cut_memo && set.memory.cut_memo->probation ? "half_open" : "open";
}

/// What of a service is counted, in one pass over its sets.
struct Counts {
  std::map<std::string_view, std::int64_t> states, breakers, cuts, forced;
  std::int64_t want = 0, up = 0, foreign = 0;
  bool units_known = true;
  const fleet::SetView* newest = nullptr;

  explicit Counts(const fleet::ServiceView& view) {
    for (const auto& set : view.sets) count(set);
  }
  void count(const fleet::SetView& set) {
    if (set.newest) newest = &set;
    ++states[state_of(set)];
    ++breakers[breaker_of(set)];
    if (set.memory.force) ++forced[to_string(set.memory.force->state)];
    if (set.cut.value_or(false)) {
      const auto& memo = set.memory.cut_memo;
      ++cuts[class_of_cut(memo ? std::string_view(memo->why) : std::string_view())];
      return;  // its units do no work
    }
    if (!set.status) return;  // of another home, which counts them
    if (!set.status->want || !set.status->up) {
      units_known = false;
      return;
    }
    want += *set.status->want;
    up += *set.status->up;
  }
};

using Rows = std::vector<std::pair<const fleet::ServiceView*, Counts>>;

/// A family with at most one sample a service.
void each(
    Exposition& out, const Rows& rows,
    const std::function<std::optional<double>(const fleet::ServiceView&, const Counts&)>& value) {
  for (const auto& [view, counts] : rows)
    if (const auto got = value(*view, counts)) out.sample({{"service", view->config->name}}, *got);
}

using Words = std::map<std::string_view, std::int64_t>;

/// A family with a sample for each word that occurs, and for each of `always`.
void each_word(Exposition& out, const Rows& rows, std::string_view label, Words Counts::* of,
               std::span<const std::string_view> always = {}) {
  for (const auto& [view, counts] : rows) {
    if (view->error) continue;  // what is seen is not all
    auto words = counts.*of;
    for (const auto word : always) words.try_emplace(word, 0);
    for (const auto& [word, count] : words)
      out.sample({{"service", view->config->name}, {label, word}}, static_cast<double>(count));
  }
}

void write_sets(const Rows& rows, Exposition& out) {
  using enum Exposition::Type;
  const auto every = [&](const auto& value) {
    for (const auto& [view, counts] : rows)
      for (const auto& set : view->sets)
        if (const std::optional<double> got = value(set))
          out.sample({{"service", set.name.service}, {"set", set.name.str()}}, *got);
  };
  out.family("cdctl_set_up", gauge, "", "Whether a set is live and not cut");
  every([](const fleet::SetView& set) -> std::optional<double> {
    if (set.state.empty() || !set.cut) return {};
    return state_of(set) == "live";
  });
  out.family("cdctl_set_cut", gauge, "", "Whether a set is cut off from its broker");
  every([](const fleet::SetView& set) -> std::optional<double> {
    return set.cut ? std::optional<double>(*set.cut) : std::nullopt;
  });
  out.family("cdctl_set_units_up", gauge, "", "Units of a set that are up");
  every([](const fleet::SetView& set) -> std::optional<double> {
    if (!set.status || !set.status->up) return {};
    return static_cast<double>(*set.status->up);
  });
  out.family("cdctl_set_deployed_timestamp_seconds", gauge, "seconds", "When a set was deployed");
  every([](const fleet::SetView& set) -> std::optional<double> {
    return set.deployed_at ? std::optional(seconds(*set.deployed_at)) : std::nullopt;
  });
}

}  // namespace

std::string_view class_of_cut(std::string_view why) {
  const auto rule = breaker::Rule::parse(why);
  if (!rule) return "hand";
  if (rule->relative()) return "baseline";
  if (rule->kind == breaker::Rule::Kind::rate) return "rate";
  if (rule->subject == breaker::Rule::Subject::name) return "name";
  if (rule->subject == breaker::Rule::Subject::failures) return "failures";
  return severity_word(rule->least);
}

std::string_view state_of(const fleet::SetView& set) {
  if (set.ghost) return "lost";
  if (set.state == "reaping") return "reaping";
  if (set.cut.value_or(false))
    return set.memory.cut_memo && set.memory.cut_memo->probation ? "trial" : "cut";
  if (!set.cut || set.state.empty() || set.foreign) return "unknown";
  if (set.state == "live" && set.locked_out) return "locked_out";
  const auto& memo = set.memory.cut_memo;
  if (set.state == "live" && ((memo && !memo->stopped_in.empty()) || set.left_stopped()))
    return "stopped";
  const auto known = std::ranges::find(k_states, std::string_view(set.state));
  return known == k_states.end() ? "unknown" : *known;
}

void write_fleet(const std::vector<fleet::ServiceView>& services, bool per_set, Exposition& out) {
  using enum Exposition::Type;
  using Value = std::optional<double>;
  using View = fleet::ServiceView;
  Rows rows;
  double foreign = 0;
  for (const auto& view : services) {
    if (view.foreign)
      foreign += static_cast<double>(view.sets.size());
    else
      rows.emplace_back(&view, Counts(view));
  }
  out.family("cdctl_service_up", gauge, "",
             "Whether all that knows of a service answered: 0 means that its other values are not "
             "there, or not all");
  each(out, rows, [](const View& view, const Counts&) -> Value { return !view.error; });
  out.family("cdctl_sets", gauge, "", "Sets by what they are");
  each_word(out, rows, "state", &Counts::states, k_states);
  out.family("cdctl_foreign_sets", gauge, "", "Sets of services that are not configured here");
  out.sample({}, foreign);
  out.family("cdctl_breakers", gauge, "",
             "Sets by their breaker: closed lets work in, open is cut, half_open is on trial");
  constexpr std::array<std::string_view, 3> k_breakers = {"closed", "open", "half_open"};
  each_word(out, rows, "state", &Counts::breakers, k_breakers);
  out.family("cdctl_cut_sets", gauge, "", "Sets that are cut, by the kind of rule, or by hand");
  each_word(out, rows, "why", &Counts::cuts);
  out.family("cdctl_forced_sets", gauge, "", "Sets of which a person has forced something");
  each_word(out, rows, "forced", &Counts::forced);
  out.family("cdctl_units_wanted", gauge, "", "Units that the uncut sets of this home shall have");
  each(out, rows, [](const View& view, const Counts& counts) -> Value {
    if (view.error || !counts.units_known) return {};
    return static_cast<double>(counts.want);
  });
  out.family("cdctl_units_up", gauge, "", "Units of them that are up");
  each(out, rows, [](const View& view, const Counts& counts) -> Value {
    if (view.error || !counts.units_known) return {};
    return static_cast<double>(counts.up);
  });
  out.family("cdctl_service_outage", gauge, "", "1: nobody works on a service");
  each(out, rows, [](const View& view, const Counts&) -> Value {
    if (view.error || (view.outage.empty() && view.unsure)) return {};
    return !view.outage.empty();
  });
  out.family("cdctl_deploys_held", gauge, "", "1: a person has frozen the deploys of a service");
  each(out, rows, [](const View& view, const Counts&) -> Value {
    if (view.error) return {};
    return view.hold.has_value();
  });
  out.family("cdctl_newest_deployed_timestamp_seconds", gauge, "seconds",
             "When the newest set of a service was deployed");
  each(out, rows, [](const View& view, const Counts& counts) -> Value {
    if (view.error || !counts.newest || !counts.newest->deployed_at) return {};
    return seconds(*counts.newest->deployed_at);
  });
  out.family("cdctl_newest_proven", gauge, "", "1: the newest set of a service is proven");
  each(out, rows, [](const View& view, const Counts& counts) -> Value {
    if (view.error || !counts.newest) return {};
    return counts.newest->proven;
  });
  if (per_set) write_sets(rows, out);
}

}  // namespace cdctl::metrics
