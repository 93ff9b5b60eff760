#include <chrono>
#include <cstdlib>

#include <fmt/format.h>
#include <unistd.h>

#include <cdctl/signal.hpp>
#include <cdctl/text.hpp>

#include "cli/command_line/command.hpp"
#include "cli/command_line/options.hpp"
#include "cli/input/record_reader.hpp"
#include "core/feed/choice.hpp"
#include "core/feed/spool.hpp"

namespace cdctl::cli {

namespace {

using Clock = std::chrono::steady_clock;
/// So long nobody asks again a feed that could not be reached: each batch would wait for it anew.
constexpr auto k_away = std::chrono::seconds(10);

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

/// Fields of a signal that are no plain text: `expires` may be a time from now.
Json field_of(const std::string& name, const std::string& text) {
  if (name == "cleared" && (text == "true" || text == "false")) return text == "true";
  if (name == "expires")
    if (const auto age = parse_duration(text)) return to_rfc3339(now() + *age);
  return text;
}

Result<Json> signal_from_arguments(const Arguments& args) {
  if (args.words.empty() || args.words.size() > 2)
    return fail(ExitCode::usage,
                "signal: give [SET] SIGNAL, such as: cdctl signal thumbs-r5f0c1e9a2b oops");
  const auto set = args.words.size() == 2 ? args.words[0] : environment("CDCTL_SET");
  if (set.empty())
    return fail(ExitCode::usage,
                "signal: no set given, and $CDCTL_SET is not set; say cdctl signal SET SIGNAL");
  Json flat = Json::object({{"set", set}, {"signal", args.words.back()}});
  if (args.has("severity")) flat.set("severity", args.value("severity"));
  if (const auto unit = args.value("unit", environment("CDCTL_UNIT")); !unit.empty())
    flat.set("unit", unit);
  for (const auto* name : {"message", "key", "id"})
    if (args.has(name)) flat.set(name, args.value(name));
  for (const auto& pair : args.values("data")) {
    const auto equals = pair.find('=');
    if (equals == std::string::npos || equals == 0)
      return fail(ExitCode::usage,
                  fmt::format("signal: --data '{}' must be NAME=VALUE", printable(pair, 60)));
    const auto name = pair.substr(0, equals);
    if (flat.find(name) || name == "schema" || name == "time" || name == "received" ||
        name == "service" || name == "revision")
      return fail(ExitCode::usage,
                  fmt::format("signal: --data {}: the field has a meaning of its own",
                              printable(name, 60)));
    flat.set(name, field_of(name, pair.substr(equals + 1)));
  }
  auto signal = normal_signal(std::move(flat));
  if (!signal) return fail(ExitCode::usage, "signal: " + signal.error().what);
  return signal;
}

/// Signals of stdin, in either form, in batches as they come.
Result<> signals_from_stdin(Context& context, Feed& feed, bool spool, Millis timeout) {
  if (::isatty(STDIN_FILENO))
    return fail(ExitCode::usage, "standard input is a terminal: pipe signal records into it");
  LineReader lines([] {});
  std::vector<Json> batch;
  Clock::time_point away_until{};
  const auto send = [&]() -> Result<> {
    if (batch.empty()) return {};
    bool kept =
        Clock::now() < away_until;  // what comes after signals that were kept is kept with them
    auto sent = kept ? feed::Spool(context.home()).put(batch)
                     : feed::send_or_spool(context, feed, batch, spool, Deadline(timeout), &kept);
    if (kept && Clock::now() >= away_until) away_until = Clock::now() + k_away;
    batch.clear();
    return sent;
  };
  for (std::string_view line;;) {
    const auto got = lines.next(line, 0);
    if (got == LineReader::Got::idle) {
      CDCTL_TRY(send());
      if (lines.next(line) != LineReader::Got::line) break;
    } else if (got != LineReader::Got::line) {
      break;
    }
    if (line.empty()) continue;
    auto json = Json::parse(line);
    auto signal = json ? from_either_form(std::move(*json)) : std::move(json);
    if (signal)
      batch.push_back(std::move(*signal));
    else
      context.report({ExitCode::failed,
                      fmt::format("line {}: {}; skipped", lines.number(), signal.error().what)});
    if (batch.size() >= 500) CDCTL_TRY(send());
  }
  return send();
}

}  // namespace

int run_signal(Context& context, const Arguments& args) {
  return complete(context, [&]() -> Result<> {
    CDCTL_TRY_ASSIGN(const auto timeout, duration_option(args, "timeout", std::chrono::seconds(5)));
    if (args.words.size() == 1 && args.words[0] == "-") {
      CDCTL_TRY_ASSIGN(auto* const feed, feed::choose_feed(context, true));
      return signals_from_stdin(context, *feed, feed::wants_spool(context, args.has("spool")),
                                timeout);
    }
    CDCTL_TRY_ASSIGN(const auto signal, signal_from_arguments(args));
    CDCTL_TRY_ASSIGN(auto* const feed, feed::choose_feed(context, true));
    return feed::send_or_spool(context, *feed, {&signal, 1},
                               feed::wants_spool(context, args.has("spool")), Deadline(timeout));
  });
}

}  // namespace cdctl::cli
