#include "cli/input/signal_input.hpp"

#include <chrono>
#include <utility>

#include <fmt/format.h>
#include <unistd.h>

#include <cdctl/signal.hpp>

#include "cli/input/record_reader.hpp"
#include "core/feed/spool.hpp"

namespace cdctl::cli {

namespace {

using Clock = std::chrono::steady_clock;
/// So long nobody asks again a feed that could not be reached: each batch would wait for it anew.
constexpr auto k_away = std::chrono::seconds(10);
constexpr std::size_t k_most_at_once = 500, k_most_bytes = 1u << 20;  ///< on their way together

}  // namespace

Result<> signals_from_stdin(Context& context, Feed& feed, bool spool, Millis timeout) {
  if (::isatty(STDIN_FILENO))
    return fail(ExitCode::usage, "standard input is a terminal: pipe signal records into it");
  LineReader lines([] {}, [&](const Error& error) { context.report(error); });
  std::vector<Json> batch;
  std::size_t bytes = 0;
  Clock::time_point away_until{};
  const auto send = [&]() -> Result<> {
    if (batch.empty()) return {};
    bool kept =
        Clock::now() < away_until;  // what comes after signals that were kept is kept with them
    auto sent = kept ? feed::Spool(context.home()).put(batch)
                     : feed::send_or_spool(context, feed, batch, spool, Deadline(timeout), &kept);
    if (kept && Clock::now() >= away_until) away_until = Clock::now() + k_away;
    batch.clear();
    bytes = 0;
    return sent;
  };
  bool first = true;
  for (std::string_view line;;) {
    const auto got = lines.next(line, 0);
    if (got == LineReader::Got::idle) {
      CDCTL_TRY(send());
      if (lines.next(line) != LineReader::Got::line) break;
    } else if (got != LineReader::Got::line) {
      break;
    }
    if (line.empty()) continue;
    if (std::exchange(first, false)) CDCTL_TRY(check_format(line, "signal records"));
    auto json =
        line.size() <= feed::k_longest_signal
            ? Json::parse(line)
            : Result<Json>(fail(fmt::format("longer than {} bytes", feed::k_longest_signal)));
    auto signal = json ? from_either_form(std::move(*json)) : std::move(json);
    if (signal) {
      batch.push_back(std::move(*signal));
      bytes += line.size();
    } else {
      context.report({ExitCode::failed,
                      fmt::format("line {}: {}; skipped", lines.number(), signal.error().what)});
    }
    if (batch.size() >= k_most_at_once || bytes >= k_most_bytes) CDCTL_TRY(send());
  }
  if (const auto trouble = lines.trouble()) context.report(*trouble);
  return send();
}

}  // namespace cdctl::cli
