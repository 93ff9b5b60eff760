#include <cstdlib>

#include <fmt/format.h>

#include <cdctl/set_name.hpp>
#include <cdctl/signal.hpp>
#include <cdctl/text.hpp>

#include "cli/command_line/command.hpp"
#include "cli/command_line/options.hpp"
#include "cli/input/signal_input.hpp"
#include "cli/output/context.hpp"
#include "core/feed/choice.hpp"
#include "core/feed/spool.hpp"
#include "core/fleet/selector.hpp"

namespace cdctl::cli {

namespace {

constexpr Millis k_who_is_that(2000);

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

/// A signal that is lost is worse than one of nobody: of a mistyped name people are told, and it is
/// sent all the same. What a unit says of itself needs no look, and a look that fails says nothing.
void look_at_set(Context& context, const std::string& name, const Deadline& deadline) {
  const auto set = parse_set_name(name);
  if (!set || !environment("CDCTL_SET").empty() || !context.load_config()) return;
  fleet::Fleet fleet(context);
  fleet.load({set->service}, deadline);
  const auto* view = fleet.service(set->service);
  if (!view || view->error || view->set(*set)) return;
  if (view->gone.contains(name)) {
    context.out.note(name + ": it is gone already; the signal is sent all the same");
    return;
  }
  context.out.warning(fmt::format("{}; the signal is sent all the same",
                                  fleet::never_was(context, view, *set).in(name).what));
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
    look_at_set(context, signal["set"].as_string(), Deadline(k_who_is_that));
    CDCTL_TRY_ASSIGN(auto* const feed, feed::choose_feed(context, true));
    return feed::send_or_spool(context, *feed, {&signal, 1},
                               feed::wants_spool(context, args.has("spool")), Deadline(timeout));
  });
}

}  // namespace cdctl::cli
