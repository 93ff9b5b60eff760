#include <fmt/format.h>

#include <cdctl/text.hpp>

#include "plugins/mojo/commands/commands.hpp"
#include "plugins/mojo/run/hand_run.hpp"

namespace cdctl::mojo {

namespace {

constexpr Millis k_longest_run = std::chrono::hours(24);

Result<HandRun> hand_run(const CommandArguments& given) {
  HandRun hand;
  CDCTL_TRY_ASSIGN(hand.settings, run_settings(given.args));
  CDCTL_TRY_ASSIGN(const auto timeout, duration_option(given.args, "timeout", k_longest_run));
  CDCTL_TRY_ASSIGN(hand.phase_timeout,
                   duration_option(given.args, "phase-timeout", hand.phase_timeout));
  hand.deadline = Deadline(timeout);
  hand.selection = {given.args.value("from"), given.args.value("until"), given.args.values("only")};
  hand.locked = given.args.has("locked");
  hand.quiet = given.args.has("quiet");
  hand.lenient = given.args.has("lenient");
  hand.write = given.write;
  hand.flush = given.flush;
  hand.report = given.report;
  return hand;
}

}  // namespace

Result<Millis> duration_option(const Arguments& args, std::string_view name, Millis otherwise) {
  const auto text = args.value(name);
  if (text.empty()) return otherwise;
  auto value = parse_duration(text);
  if (!value) return fail(ExitCode::usage, fmt::format("--{}: {}", name, value.error().what));
  return value;
}

int command_run(Host& host, const CommandArguments& given) noexcept {
  return guarded(given, [&]() -> Result<> {
    const auto& words = given.args.words;
    if (words.size() > 2)
      return fail(ExitCode::usage, "mojo run takes SPEC and WORKSPACE, and no more");
    CDCTL_TRY_ASSIGN(auto hand, hand_run(given));
    if (!words.empty()) hand.settings.who.spec = words[0];
    if (words.size() == 2) hand.settings.who.workspace = words[1];
    return run_by_hand(host, hand);
  });
}

int command_phase(Host& host, const CommandArguments& given, const char* phase) noexcept {
  return guarded(given, [&]() -> Result<> {
    CDCTL_TRY_ASSIGN(auto hand, hand_run(given));
    hand.phase_line = phase;
    for (const auto& word : given.args.words) {
      const auto equals = word.find('=');
      if (equals == std::string::npos)
        return fail(ExitCode::usage,
                    fmt::format("mojo {}: '{}' is not KEY=VALUE", phase, printable(word, 60)));
      *hand.phase_line += " " + quoted_word(word);
    }
    return run_by_hand(host, hand);
  });
}

}  // namespace cdctl::mojo
