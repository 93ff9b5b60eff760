#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include <cdctl/set_name.hpp>
#include <cdctl/stop.hpp>
#include <cdctl/text.hpp>

#include "cli/command_line/command.hpp"
#include "cli/command_line/options.hpp"
#include "cli/command_line/since.hpp"
#include "cli/output/context.hpp"
#include "core/app/waiting.hpp"
#include "core/fleet/remembered.hpp"
#include "core/fleet/selector.hpp"
#include "core/records/outcome.hpp"
#include "core/records/outcome_log.hpp"

namespace cdctl::cli {

namespace {

constexpr Millis k_look_again(200), k_who_is_that(5000), k_ask(30'000), k_edge(60'000);

bool means(const fleet::Selector& selector, const records::Outcome& outcome) {
  if (const auto set = parse_set_name(outcome.set)) return selector.matches(*set);
  return selector.glob
             ? glob_match(selector.text, outcome.service)
             : selector.revision.empty() && (selector.service == outcome.service ||
                                             selector.service == outcome.more["target"].view());
}

struct Filter {
  std::vector<fleet::Selector> selectors;
  std::vector<std::string> actions;
  std::optional<Time> since;

  [[nodiscard]] bool wants(const Json& record) const {
    return wants(records::decode<records::Outcome>(record));
  }
  [[nodiscard]] bool wants(const records::Outcome& outcome) const {
    const auto is = [&](const std::string& action) { return outcome.action == action; };
    if (!actions.empty() && std::ranges::none_of(actions, is)) return false;
    const auto meant = [&](const fleet::Selector& selector) { return means(selector, outcome); };
    if (!selectors.empty() && std::ranges::none_of(selectors, meant)) return false;
    return !since || outcome.time == Time() || outcome.time >= *since;
  }
};

/// Where nothing was shown, a name may be mistyped. What the log has ever told of is none, whatever
/// became of it: the others are looked for.
Result<> check_names(Context& context, std::vector<fleet::Selector> names,
                     const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(auto reader, records::LogReader::open(context.home(), {}));
  while (!names.empty() && !deadline.passed()) {
    CDCTL_TRY_ASSIGN(const auto record, reader.next());
    if (!record) break;
    const auto outcome = records::decode<records::Outcome>(*record);
    std::erase_if(names, [&](const fleet::Selector& name) { return means(name, outcome); });
  }
  std::erase_if(names, [&](const fleet::Selector& name) {
    return context.config().target(name.service) != nullptr;
  });
  fleet::check_names(context, names, deadline);
  return {};
}

Result<Filter> filter_of(const Arguments& args) {
  Filter out;
  for (const auto& word : args.words) {
    CDCTL_TRY_ASSIGN(auto selector, fleet::Selector::parse(word));
    if (selector.role != fleet::Selector::Role::any)
      return fail(ExitCode::usage, fmt::format("history: {} is not for what has been; name the set",
                                               word.substr(word.find('@'))));
    out.selectors.push_back(std::move(selector));
  }
  out.actions = args.values("action");
  CDCTL_TRY_ASSIGN(out.since, since_option(args, std::chrono::hours(24)));
  return out;
}

void say_unreadable(Context& context, std::int64_t lines) {
  if (lines > 0)
    context.out.note(lines == 1 ? "1 line of the log could not be read"
                                : fmt::format("{} lines of the log could not be read", lines));
}

/// The log of this home, and in between what the memories know that is not in it.
Result<> show_all_homes(Context& context, const Filter& filter, const Deadline& deadline) {
  auto wider = filter;
  if (wider.since) *wider.since -= k_edge;  // an act is noted when it is over
  CDCTL_TRY_ASSIGN(auto reader, records::LogReader::open(context.home(), wider.since));
  std::vector<std::pair<Time, Json>> shown;
  std::vector<records::Outcome> told;
  for (;;) {
    CDCTL_TRY_ASSIGN(auto record, reader.next());
    if (!record) break;
    auto outcome = records::decode<records::Outcome>(*record);
    if (!wider.wants(outcome)) continue;
    if (filter.wants(outcome)) shown.emplace_back(outcome.time, std::move(*record));
    told.push_back(std::move(outcome));
  }
  for (const auto& outcome : fleet::remembered_by_all(context, deadline)) {
    const auto same = [&](const records::Outcome& own) { return fleet::same_act(own, outcome); };
    if (!filter.wants(outcome) || std::ranges::any_of(told, same)) continue;
    auto record = records::encode(outcome);
    record.set("took_ms", Json());
    shown.emplace_back(outcome.time, std::move(record));
  }
  std::ranges::stable_sort(shown, {}, &std::pair<Time, Json>::first);
  for (const auto& [time, record] : shown) context.out.write(record);
  say_unreadable(context, reader.unreadable());
  if (shown.empty() && context.exit_code() == 0)
    CDCTL_TRY(check_names(context, filter.selectors, deadline));
  if (context.out.tabular() && shown.empty() && context.exit_code() == 0)
    context.out.note(
        "nothing of that was done in that time, as far as is remembered; --since goes back "
        "further");
  return {};
}

}  // namespace

int run_history(Context& context, const Arguments& args) {
  return complete(context, [&]() -> Result<> {
    CDCTL_TRY_ASSIGN(const auto filter, filter_of(args));
    context.out.set_layout("log");
    if (args.has("all-homes")) {
      if (args.has("follow"))
        return fail(ExitCode::usage,
                    "history: --follow is for the log of this home; without it --all-homes tells "
                    "what is remembered by now");
      CDCTL_TRY_ASSIGN(const auto timeout, duration_option(args, "timeout", k_ask));
      return show_all_homes(context, filter, Deadline(timeout));
    }
    CDCTL_TRY_ASSIGN(auto reader, records::LogReader::open(context.home(), filter.since));
    for (bool checked = false;;) {
      CDCTL_TRY_ASSIGN(const auto record, reader.next());
      if (record && filter.wants(*record)) context.out.write(*record);
      if (context.out.broken() || Stop::requested()) break;
      if (record) continue;
      if (!std::exchange(checked, true) && !context.out.any()) {
        CDCTL_TRY(check_names(context, filter.selectors, Deadline(k_who_is_that)));
        if (context.exit_code() != 0) return {};
      }
      if (!context.out.flush() || !args.has("follow") || !app::wait_between(k_look_again)) break;
    }
    say_unreadable(context, reader.unreadable());
    if (context.out.tabular() && !context.out.any() && !Stop::requested())
      context.out.note(
          "nothing of that was done from this home in that time; --since goes back further");
    return {};
  });
}

/// Its name until `logs` came, which shows what the units wrote.
int run_log(Context& context, const Arguments& args) {
  context.out.note("cdctl log is called cdctl history now");
  return run_history(context, args);
}

}  // namespace cdctl::cli
