#include <fmt/format.h>

#include <cdctl/stop.hpp>

#include "cli/command_line/command.hpp"
#include "cli/command_line/options.hpp"
#include "cli/command_line/since.hpp"
#include "cli/output/context.hpp"
#include "core/feed/choice.hpp"
#include "core/feed/listen/run.hpp"
#include "core/feed/spool.hpp"
#include "core/feed/stream.hpp"
#include "core/fleet/rule_book.hpp"

namespace cdctl::cli {

namespace {

Result<> listen(Context& context, const Arguments& args) {
  for (const auto* other : {"since", "follow", "warm"})
    if (args.has(other) || !args.words.empty())
      return fail(ExitCode::usage,
                  "signals --listen takes signals and reads none: leave SELECTOR, --since, "
                  "--follow and --warm out");
  feed::ListenOptions options{args.value("listen"),
                              args.value("token-file"),
                              feed::wants_spool(context, args.has("spool")),
                              {}};
  CDCTL_TRY_ASSIGN(options.timeout, duration_option(args, "timeout", std::chrono::seconds(5)));
  return feed::listen_for_signals(context, options);
}

/// --warm: how far back a breaker needs to see, by the rules of all services; or as far as is said.
Result<std::optional<Millis>> warm_option(Context& context, const Arguments& args) {
  if (!args.has("warm")) return std::optional<Millis>();
  if (!args.has("follow") || args.has("since"))
    return fail(ExitCode::usage,
                "--warm says how far back a reader looks that follows: give it with --follow, and "
                "without --since");
  if (args.value("warm").empty()) {
    CDCTL_TRY_ASSIGN(const auto book, fleet::RuleBook::make(context, {}));
    return book.look_back();
  }
  CDCTL_TRY_ASSIGN(const auto look_back, duration_option(args, "warm", Millis(0)));
  return look_back;
}

}  // namespace

int run_signals(Context& context, const Arguments& args) {
  return complete(context, [&]() -> Result<> {
    if (args.has("listen")) return listen(context, args);
    CDCTL_TRY_ASSIGN(const auto timeout,
                     duration_option(args, "timeout", std::chrono::seconds(30)));
    std::vector<fleet::Selector> selectors;
    for (const auto& word : args.words) {
      CDCTL_TRY_ASSIGN(auto selector, fleet::Selector::parse(word));
      if (selector.role != fleet::Selector::Role::any)
        return fail(ExitCode::usage, fmt::format("signals: {} is not for a stream; name the set",
                                                 word.substr(word.find('@'))));
      selectors.push_back(std::move(selector));
    }
    // Before the first wait: whoever follows a name that never was hears nothing for ever.
    fleet::check_names(context, selectors, Deadline(timeout));
    if (context.exit_code() != 0) return {};
    FeedQuery query;
    query.follow = args.has("follow");
    CDCTL_TRY_ASSIGN(query.since, since_option(args, query.follow ? std::optional<Millis>()
                                                                  : std::chrono::minutes(10)));
    feed::NamedReader reader;
    CDCTL_TRY_ASSIGN(const auto look_back, warm_option(context, args));
    if (const auto name = args.value("follow"); !name.empty()) {
      CDCTL_TRY_ASSIGN(reader, feed::NamedReader::open(context, name));
      query.cursor = reader.cursor;
      if (!query.cursor.empty()) query.since.reset();
    }
    CDCTL_TRY_ASSIGN(auto* const feed, feed::choose_feed(context, false));
    if (look_back) {
      query.since = now() - *look_back;
      if (query.cursor.empty()) {
        CDCTL_TRY_ASSIGN(query.cursor, feed::position_now(*feed, Deadline(timeout)));
      }
    }
    // Who follows reads first: what waits is sent beside it.
    if (!query.follow) feed::drain_spool(context, *feed, Deadline(timeout));
    auto done =
        feed::write_signals(context, *feed, query, std::move(selectors), reader, Deadline(timeout));
    if (!done)
      context.report_record({}, "reading signals", done.error());
    else if (context.out.tabular() && !context.out.any() && !Stop::requested())
      context.out.note("no signals in that time");
    return {};
  });
}

}  // namespace cdctl::cli
