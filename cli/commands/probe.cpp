#include <fmt/format.h>

#include "cli/command_line/command.hpp"
#include "cli/command_line/options.hpp"
#include "cli/output/context.hpp"
#include "core/app/waiting.hpp"
#include "core/feed/choice.hpp"
#include "core/feed/spool.hpp"
#include "core/fleet/known_service.hpp"
#include "core/probe/round.hpp"

namespace cdctl::cli {

namespace {

struct ProbeOptions {
  std::vector<fleet::Selector> selectors;
  Millis timeout{}, every{};
  bool send = false, spool = false;
};

Result<ProbeOptions> options_of(const Context& context, const Arguments& args) {
  ProbeOptions out;
  CDCTL_TRY_ASSIGN(out.timeout, duration_option(args, "timeout", std::chrono::seconds(30)));
  CDCTL_TRY_ASSIGN(out.every, duration_option(args, "every", Millis(0)));
  if (args.has("every") && out.every < Millis(500))
    return fail(ExitCode::usage, "probe: --every needs 500ms or more: statistics are no fresher");
  for (const auto& word : args.words) {
    CDCTL_TRY_ASSIGN(auto selector, fleet::Selector::parse(word));
    out.selectors.push_back(std::move(selector));
  }
  out.send = args.has("send");
  out.spool = feed::wants_spool(context, args.has("spool"));
  return out;
}

/// One look: its signals go to stdout, and with --send to the feed first, so that what is shown is
/// safe.
Result<> look(Context& context, const ProbeOptions& options) {
  const Deadline deadline(options.timeout);
  CDCTL_TRY_ASSIGN(const auto signals, probe::probe_round(context, options.selectors, deadline));
  if (options.send && !signals.empty()) {
    auto feed = feed::choose_feed(context, false);
    auto sent = feed ? feed::send_or_spool(context, **feed, signals, options.spool, deadline)
                     : Result<>(std::unexpected(feed.error()));
    if (!sent) context.report(sent.error().in("probe"));
  }
  for (const auto& signal : signals) context.out.write(signal);
  context.out.flush();
  return {};
}

}  // namespace

int run_probe(Context& context, const Arguments& args) {
  return complete(context, [&]() -> Result<> {
    CDCTL_TRY_ASSIGN(const auto options, options_of(context, args));
    fleet::report_broken(context);
    if (options.every == Millis(0)) return look(context, options);
    // From beginning to beginning, so that intervals do not grow by what a look takes.
    for (auto next = std::chrono::steady_clock::now();;) {
      CDCTL_TRY(look(context, options));
      if (context.out.broken()) return {};
      next = std::max(next + options.every, std::chrono::steady_clock::now());
      if (!app::wait_between(
              std::chrono::duration_cast<Millis>(next - std::chrono::steady_clock::now())))
        return {};
    }
  });
}

}  // namespace cdctl::cli
