#include "plugins/juju/client/trouble.hpp"

#include <algorithm>
#include <array>
#include <csignal>

#include <fmt/format.h>

#include <cdctl/child.hpp>
#include <cdctl/stop.hpp>
#include <cdctl/text.hpp>

namespace cdctl::juju {

namespace {

/// A piece of juju's stderr, of clients 2.9 to 4.x: `first`, and later on the same line `then`.
struct Rule {
  std::string_view first, then;
  Trouble trouble;
  bool repeat = false;
};

// In this order: what is said more exactly comes first.
constexpr std::array k_rules{
    Rule{"flag provided but not defined", "", Trouble::version},
    Rule{"juju client not compatible with server", "", Trouble::version},
    Rule{"(not implemented)", "", Trouble::version},
    Rule{"has been migrated to another controller", "", Trouble::version},
    Rule{"disabled for the current model", "", Trouble::blocked},
    Rule{"cannot destroy model", "", Trouble::blocked},
    Rule{"persistent storage remaining", "", Trouble::blocked},
    Rule{"cannot acquire lock file", "", Trouble::local, true},
    Rule{"file locked for too long", "", Trouble::local, true},
    Rule{"juju-store-lock-", "permission denied", Trouble::local},
    Rule{"invalid entity name or password", "",
         Trouble::not_allowed},  // 4.0 says it of a removed model, too
    Rule{"(unauthorized access)", "", Trouble::not_allowed},
    Rule{"controller \"", "not logged", Trouble::not_allowed},
    Rule{"please enter password for", "", Trouble::not_allowed},
    Rule{"You do not have permission to", "", Trouble::not_allowed},
    Rule{"No controllers registered", "", Trouble::config},
    Rule{"No selected controller", "", Trouble::config},
    Rule{"No model in focus", "", Trouble::config},
    Rule{"connection is shut down", "", Trouble::unreachable, true},
    Rule{"did not appear in cache timeout", "", Trouble::unreachable, true},
    Rule{"nable to connect to API", "", Trouble::unreachable},
    Rule{"api connection open timed out", "", Trouble::unreachable},
    Rule{"cannot log in", "", Trouble::unreachable},
    Rule{"maintenance in progress", "", Trouble::unreachable},
    Rule{"no controller API addresses", "", Trouble::unreachable},
    Rule{"cannot connect to API", "", Trouble::unreachable},
    Rule{"opening API connection", "", Trouble::unreachable},
    Rule{"already exists", "", Trouble::exists},
    Rule{"has been removed from the controller", "", Trouble::gone},
    Rule{"controller ", " not found", Trouble::config},
    Rule{"model ", "not found", Trouble::gone},
    Rule{"application ", "not found", Trouble::gone},
    Rule{"relation ", "not found", Trouble::gone},
};

/// A line of the text holds `first` and later `then`.
bool holds(std::string_view text, const Rule& rule) {
  for (auto at = text.find(rule.first); at != std::string_view::npos;
       at = text.find(rule.first, at + 1)) {
    const auto rest = text.substr(at + rule.first.size());
    if (rest.substr(0, rest.find('\n')).contains(rule.then)) return true;
  }
  return false;
}

const Rule* rule_of(const Finished& finished) {
  // A model may be called "controller": `model ctl:admin/controller not found` is about the model.
  const bool about_model = finished.err.contains("ERROR model ");
  for (const auto& rule : k_rules)
    if (holds(finished.err, rule) && !(about_model && rule.first == "controller ")) return &rule;
  return nullptr;
}

struct Advice {
  Trouble trouble;
  ExitCode exit;
  std::string_view text;
};
constexpr std::array k_advice{
    Advice{Trouble::gone, ExitCode::unknown,
           "this user sees no such model, which does not prove that it is gone; see cdctl juju "
           "models"},
    Advice{Trouble::not_allowed, ExitCode::unknown,
           "run juju login, or ask for the right to see it"},
    Advice{Trouble::config, ExitCode::config,
           "see juju controllers, then set [juju] controller or say --controller"},
    Advice{Trouble::unreachable, ExitCode::unknown,
           "look whether the controller is up, and try again"},
    Advice{Trouble::local, ExitCode::unknown,
           "another juju of this machine holds its files; try again, and look for a lock file left "
           "in the temporary folder"},
    Advice{Trouble::exists, ExitCode::refused, "choose another name"},
    Advice{Trouble::blocked, ExitCode::refused, "see juju disabled-commands and juju storage"},
    Advice{Trouble::version, ExitCode::unknown,
           "use a juju client of 2.9 or later that fits the controller"},
};

/// juju's own reason: what follows `ERROR ` on its line, else the last line.
std::string reason(std::string_view text) {
  constexpr std::string_view k_mark = "ERROR ";
  if (const auto at = text.find(k_mark); at != std::string_view::npos) {
    text.remove_prefix(at + k_mark.size());
    return printable(text.substr(0, text.find('\n')), 200);
  }
  while (text.ends_with('\n')) text.remove_suffix(1);
  const auto last = text.substr(text.rfind('\n') + 1);
  return last.empty() ? std::string("juju gave no reason") : printable(last, 200);
}

}  // namespace

Trouble classify(const Finished& finished) {
  if (finished.interrupted) return Trouble::interrupted;
  if (finished.timed_out) return Trouble::unreachable;
  if (finished.signal != 0) return Trouble::other;
  const auto* rule = rule_of(finished);
  return rule ? rule->trouble : Trouble::other;
}

bool worth_repeating(const Finished& finished) {
  if (finished.interrupted || finished.timed_out || finished.signal != 0 || finished.status == 0)
    return false;
  const auto* rule = rule_of(finished);
  return rule && rule->repeat;
}

Error explain(const Finished& finished, std::string_view attempt) {
  if (finished.interrupted)
    return {Stop::signal() == SIGTERM ? ExitCode::terminated : ExitCode::interrupted,
            fmt::format("{}: interrupted", attempt)};
  const auto trouble = classify(finished);
  const auto* advice = std::ranges::find(k_advice, trouble, &Advice::trouble);
  const auto advised =
      advice != k_advice.end() ? advice->text : std::string_view("try it by hand with juju");
  const auto exit = advice != k_advice.end() ? advice->exit : ExitCode::unknown;
  if (finished.timed_out)
    return {
        exit,
        fmt::format("{}: no answer within {}; {}", attempt, to_duration(finished.wall), advised),
        true};
  if (finished.signal != 0)
    return {exit, fmt::format("{}: juju was ended by {}; {}", attempt, finished.how(), advised)};
  return {exit,
          fmt::format("{}: {} ({}); {}", attempt, reason(finished.err), finished.how(), advised),
          trouble == Trouble::unreachable};
}

}  // namespace cdctl::juju
