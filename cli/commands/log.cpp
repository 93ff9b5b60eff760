#include <algorithm>

#include <fmt/format.h>

#include <cdctl/set_name.hpp>
#include <cdctl/stop.hpp>
#include <cdctl/text.hpp>

#include "cli/command_line/command.hpp"
#include "cli/command_line/options.hpp"
#include "cli/command_line/since.hpp"
#include "cli/output/context.hpp"
#include "core/app/waiting.hpp"
#include "core/fleet/selector.hpp"
#include "core/records/outcome.hpp"
#include "core/records/outcome_log.hpp"

namespace cdctl::cli {

namespace {

constexpr Millis k_look_again(200);

struct Filter {
  std::vector<fleet::Selector> selectors;
  std::vector<std::string> actions;
  std::optional<Time> since;

  [[nodiscard]] bool wants(const Json& record) const {
    const auto outcome = records::decode<records::Outcome>(record);
    const auto is = [&](const std::string& action) { return outcome.action == action; };
    if (!actions.empty() && std::ranges::none_of(actions, is)) return false;
    const auto set = parse_set_name(outcome.set);
    const auto means = [&](const fleet::Selector& selector) {
      if (set) return selector.matches(*set);
      return selector.glob ? glob_match(selector.text, outcome.service)
                           : selector.revision.empty() && selector.service == outcome.service;
    };
    if (!selectors.empty() && std::ranges::none_of(selectors, means)) return false;
    return !since || outcome.time == Time() || outcome.time >= *since;
  }
};

Result<Filter> filter_of(const Arguments& args) {
  Filter out;
  for (const auto& word : args.words) {
    CDCTL_TRY_ASSIGN(auto selector, fleet::Selector::parse(word));
    if (selector.newest)
      return fail(ExitCode::usage, "log: @newest is not for what has been; name the set");
    out.selectors.push_back(std::move(selector));
  }
  out.actions = args.values("action");
  CDCTL_TRY_ASSIGN(out.since, since_option(args, std::chrono::hours(24)));
  return out;
}

}  // namespace

int run_log(Context& context, const Arguments& args) {
  return complete(context, [&]() -> Result<> {
    CDCTL_TRY_ASSIGN(const auto filter, filter_of(args));
    CDCTL_TRY_ASSIGN(auto reader, records::LogReader::open(context.home(), filter.since));
    context.out.set_layout("log");
    for (;;) {
      CDCTL_TRY_ASSIGN(const auto record, reader.next());
      if (record && filter.wants(*record)) context.out.write(*record);
      if (context.out.broken() || Stop::requested()) break;
      if (record) continue;
      if (!context.out.flush() || !args.has("follow") || !app::wait_between(k_look_again)) break;
    }
    if (reader.unreadable() > 0)
      context.out.note(
          reader.unreadable() == 1
              ? "1 line of the log could not be read"
              : fmt::format("{} lines of the log could not be read", reader.unreadable()));
    if (context.out.tabular() && !context.out.any() && !Stop::requested())
      context.out.note(
          "nothing of that was done from this home in that time; --since goes back further");
    return {};
  });
}

}  // namespace cdctl::cli
