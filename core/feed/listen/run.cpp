#include "core/feed/listen/run.hpp"

#include <fmt/format.h>

#include <cdctl/stop.hpp>

#include "core/app/waiting.hpp"
#include "core/feed/choice.hpp"
#include "core/feed/listen/pages.hpp"
#include "core/feed/listen/read.hpp"
#include "core/feed/spool.hpp"

namespace cdctl::feed {

namespace {

/// From --token-file or `[signals]`: a listener without a token would take signals from every user
/// of the machine.
Result<std::string> token_of(const app::Context& context, const std::string& file) {
  CDCTL_TRY_ASSIGN(auto token, listen_token(context, file, context.config().table["signals"]));
  if (token.empty())
    return fail(ExitCode::config,
                "signals --listen needs a token: set [signals] token_file, or give --token-file");
  return token;
}

/// What came in together goes to the feed together: one confirm for all of them.
class Intake {
 public:
  Intake(app::Context& context, Feed& feed, Listener& listener, const ListenOptions& options)
      : context_(context), feed_(feed), listener_(listener), options_(options) {}

  void take(const std::vector<Arrival>& arrivals) {
    std::vector<std::pair<std::uint64_t, ListenAnswer>> taken;
    std::vector<Json> signals;
    for (const auto& arrival : arrivals) {
      auto read = read_arrival(arrival);
      if (!read.warning.empty()) context_.out.warning(read.warning);
      if (read.answer.status >= 400 || read.signals.empty()) {
        listener_.answer(arrival.id, std::move(read.answer));
        continue;
      }
      taken.emplace_back(arrival.id, std::move(read.answer));
      std::ranges::move(read.signals, std::back_inserter(signals));
    }
    if (taken.empty()) return;
    const auto sent = send(signals);
    if (!sent) context_.out.warning(sent.error().what);
    for (auto& [id, answer] : taken)
      listener_.answer(
          id,
          sent ? std::move(answer)
               : ListenAnswer{503, "the feed cannot be reached; nothing was taken, send it again"});
    if (!sent) return;
    for (const auto& signal : signals) context_.out.write(signal);
    context_.out.flush();
  }

 private:
  Result<> send(const std::vector<Json>& signals) {
    auto done = send_or_spool(context_, feed_, signals, options_.spool, Deadline(options_.timeout));
    if (done) crash_point("listen.sent");
    return done;
  }

  app::Context& context_;
  Feed& feed_;
  Listener& listener_;
  const ListenOptions& options_;
};

}  // namespace

Result<> listen_for_signals(app::Context& context, const ListenOptions& options) {
  CDCTL_TRY_ASSIGN(const auto token, token_of(context, options.token_file));
  CDCTL_TRY_ASSIGN(auto* const feed, choose_feed(context, false));
  CDCTL_TRY_ASSIGN(const auto listener, open_listener(options.address, token));
  context.out.note(fmt::format("listening on {}", listener->address()));
  Intake intake(context, *feed, *listener, options);
  while (!Stop::requested() && !context.out.broken() && !app::stdout_gone()) {
    const auto arrivals = listener->take(std::chrono::seconds(1));
    if (arrivals.empty())
      drain_spool(context, *feed, Deadline(options.timeout));
    else
      intake.take(arrivals);
  }
  return {};
}

}  // namespace cdctl::feed
