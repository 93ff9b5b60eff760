#include "plugins/juju/client/failure.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include <cdctl/child.hpp>
#include <cdctl/text.hpp>

#include "plugins/juju/client/wait.hpp"

namespace cdctl::juju {

namespace {

/// A piece of juju's stderr, of clients 2.9 to 4.x: `first`, and later on the same line `then`.
struct Rule {
  std::string_view first, then;
  FailureKind kind;
  bool repeat = false;
};

// In this order: what is said more exactly comes first.
constexpr std::array k_rules{
    Rule{"provided but not defined", "", FailureKind::version},
    Rule{"juju client not compatible with server", "", FailureKind::version},
    Rule{"(not implemented)", "", FailureKind::version},
    Rule{"has been migrated to", "", FailureKind::version},
    Rule{"disabled for the current model", "", FailureKind::blocked},
    Rule{"cannot destroy model", "", FailureKind::blocked},
    Rule{"persistent storage remaining", "", FailureKind::blocked},
    Rule{"cannot acquire lock file", "", FailureKind::local, true},
    Rule{"file locked for too long", "", FailureKind::local, true},
    Rule{"juju-store-lock-", "permission denied", FailureKind::local},
    Rule{"invalid entity name or password", "",
         FailureKind::not_allowed},  // 4.0 says it of a removed model, too
    Rule{"(unauthorized access)", "", FailureKind::not_allowed},
    Rule{"controller \"", "not logged", FailureKind::not_allowed},
    Rule{"please enter password for", "", FailureKind::not_allowed},
    Rule{"You do not have permission to", "", FailureKind::not_allowed},
    Rule{"No controllers registered", "", FailureKind::config},
    Rule{"No selected controller", "", FailureKind::config},
    Rule{"No model in focus", "", FailureKind::config},
    Rule{"connection is shut down", "", FailureKind::unreachable, true},
    Rule{"did not appear in cache timeout", "", FailureKind::unreachable, true},
    Rule{"nable to connect to API", "", FailureKind::unreachable},
    Rule{"api connection open timed out", "", FailureKind::unreachable},
    Rule{"cannot log in", "", FailureKind::unreachable},
    Rule{"maintenance in progress", "", FailureKind::unreachable},
    Rule{"no controller API addresses", "", FailureKind::unreachable},
    Rule{"cannot connect to API", "", FailureKind::unreachable},
    Rule{"opening API connection", "", FailureKind::unreachable},
    Rule{"already exists", "", FailureKind::exists},
    Rule{"has been removed from the controller", "", FailureKind::gone},
    Rule{"controller ", " not found", FailureKind::config},
    Rule{"model ", "not found", FailureKind::gone},
    Rule{"application ", "not found", FailureKind::gone},
    Rule{"relation ", "not found", FailureKind::gone},
};

/// A line of the text holds `first` and later `then`.
bool holds(std::string_view text, const Rule& rule) {
  return std::ranges::any_of(lines(text), [&](std::string_view line) {
    const auto at = line.find(rule.first);
    return at != line.npos && line.substr(at + rule.first.size()).contains(rule.then);
  });
}

const Rule* rule_of(const Finished& finished) {
  // A model can be called "controller": `model ctl:admin/controller not found` is about the model.
  const bool about_model = finished.err.contains("ERROR model ");
  for (const auto& rule : k_rules)
    if (holds(finished.err, rule) && !(about_model && rule.first == "controller ")) return &rule;
  return nullptr;
}

struct Advice {
  FailureKind kind;
  ExitCode exit;
  std::string_view text;
};
constexpr std::array k_advice{
    Advice{FailureKind::gone, ExitCode::unknown,
           "this user sees no such model, which does not prove that it is gone; see cdctl juju "
           "models"},
    Advice{FailureKind::not_allowed, ExitCode::unknown,
           "run juju login, or ask for the right to see it"},
    Advice{FailureKind::config, ExitCode::config,
           "see juju controllers, then set [juju] controller or say --controller"},
    Advice{FailureKind::unreachable, ExitCode::unknown,
           "look whether the controller is up, and try again"},
    Advice{FailureKind::local, ExitCode::unknown,
           "another juju of this machine holds its files; try again, and look for a lock file left "
           "in the temporary folder"},
    Advice{FailureKind::exists, ExitCode::refused, "choose another name"},
    Advice{FailureKind::blocked, ExitCode::refused, "see juju disabled-commands and juju storage"},
    Advice{FailureKind::version, ExitCode::unknown,
           "use a juju client of 2.9 or later that fits the controller"},
};

/// juju's own reason: what follows `ERROR ` on its line, else the last line.
std::string reason(std::string_view text) {
  constexpr std::string_view k_mark = "ERROR ";
  if (const auto at = text.find(k_mark); at != std::string_view::npos) {
    text.remove_prefix(at + k_mark.size());
    return printable(take_until(text, '\n'), 200);
  }
  while (text.ends_with('\n')) text.remove_suffix(1);
  return text.empty() ? std::string("juju gave no reason") : printable(lines(text).back(), 200);
}

}  // namespace

FailureKind classify(const Finished& finished) {
  if (finished.interrupted) return FailureKind::interrupted;
  if (finished.timed_out) return FailureKind::unreachable;
  if (finished.signal != 0) return FailureKind::other;
  const auto* rule = rule_of(finished);
  return rule ? rule->kind : FailureKind::other;
}

bool worth_repeating(const Finished& finished) {
  if (finished.interrupted || finished.timed_out || finished.signal != 0 || finished.status == 0)
    return false;
  const auto* rule = rule_of(finished);
  return rule && rule->repeat;
}

Error explain(const Finished& finished, std::string_view attempt) {
  if (finished.interrupted) return stopped(attempt);
  const auto kind = classify(finished);
  const auto* advice = std::ranges::find(k_advice, kind, &Advice::kind);
  const auto advised =
      advice != k_advice.end() ? advice->text : std::string_view("try it by hand with juju");
  const auto exit = advice != k_advice.end() ? advice->exit : ExitCode::unknown;
  if (finished.timed_out)
    return {exit, fmt::format("{}: no answer within {}; {}", attempt, finished.given, advised),
            true};
  if (finished.signal != 0)
    return {exit, fmt::format("{}: juju was ended by {}; {}", attempt, finished.how(), advised)};
  return {exit,
          fmt::format("{}: {} ({}); {}", attempt, reason(finished.err), finished.how(), advised),
          kind == FailureKind::unreachable};
}

bool may_have_worked(const Failure& failure) {
  return failure.kind == FailureKind::unreachable ||
         (failure.kind == FailureKind::other && failure.error.exit == ExitCode::unknown);
}

}  // namespace cdctl::juju
