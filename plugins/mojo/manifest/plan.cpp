#include "plugins/mojo/manifest/plan.hpp"

#include <algorithm>
#include <set>
#include <tuple>

#include <fmt/format.h>

#include <cdctl/fs.hpp>
#include <cdctl/text.hpp>

#include "plugins/mojo/manifest/spec_files.hpp"

namespace cdctl::mojo {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t k_deepest_include = 16;
constexpr std::size_t k_most_steps = 100'000;
/// Of one plan: sixteen levels that each include twice would be read 65,536 times.
constexpr std::size_t k_most_includes = 1000;

bool environment_word(std::string_view key) {
  return valid_variable_name(key) &&
         std::ranges::none_of(key, [](char c) { return c >= 'a' && c <= 'z'; });
}

std::string_view without_dashes(std::string_view key) {
  return key.starts_with("--") ? key.substr(2) : key;
}

/// Why a value does not fit its type; empty when it does.
std::string misfit(const OptionRule& rule, std::string_view value) {
  const auto shown = printable(value, 40);
  switch (rule.type) {
    case OptionType::seconds:
      if (!parse_seconds(value, rule.name == "timeout" ? 1 : 0))
        return fmt::format("{} '{}' is no number of seconds", rule.name, shown);
      break;
    case OptionType::flag:
      if (value != "True" && value != "False" && value != "true" && value != "false")
        return fmt::format("{} '{}' is neither True nor False", rule.name, shown);
      break;
    case OptionType::number:
      if (const auto number = parse_seconds(value, 0); !number || *number > Millis(255'000))
        return fmt::format("{} '{}' is no exit status from 0 to 255", rule.name, shown);
      break;
    default:
      break;
  }
  return {};
}

/// Turns one row after the other into steps, and notes everything that is wrong.
class Planner {
 public:
  Planner(const PlanPlaces& places, Plan& plan) : places_(places), plan_(plan) {}

  void manifest(std::string_view text, const std::string& shown,
                const std::map<std::string, std::string>& words) {
    open_.insert(shown);
    auto parsed = parse_manifest(text, shown);
    std::ranges::move(parsed.warnings, std::back_inserter(plan_.warnings));
    std::ranges::move(parsed.problems, std::back_inserter(plan_.problems));
    for (const auto& row : parsed.rows) {
      if (full_) break;
      if (const auto* rule = phase_rule(row.phase)) this->row(*rule, row, shown, words);
    }
    open_.erase(shown);
  }

 private:
  /// One row on its way to a step.
  struct Line {
    const PhaseRule& rule;
    const Row& row;
    const std::string& path;
    PlannedStep step;
    bool fine = true;
  };

  void row(const PhaseRule& rule, const Row& row, const std::string& path,
           const std::map<std::string, std::string>& words) {
    Line line{rule, row, path, {}};
    line.step.rule = &rule;
    line.step.path = path;
    line.step.line = row.line;
    line.step.words = words;
    line.step.timeout = rule.kind == PhaseKind::deploy
                            ? std::max(places_.timeout, Millis(std::chrono::minutes(45)))
                            : places_.timeout;
    for (const auto& option : row.options) take(line, option, words);
    if (!line.fine) return;
    if (rule.kind == PhaseKind::include) return include(line);
    find_file(line);
    if (!line.fine) return;
    give_time(line.step);
    if (names_procfile(line.step.config) && (line.step.value("target") || line.step.value("local")))
      warn(line, 0, "target and local have no effect with a Procfile");
    line.step.number = plan_.steps.size() + 1;
    if (plan_.steps.size() >= k_most_steps)
      return stop(line, fmt::format("more than {} phases", k_most_steps));
    plan_.steps.push_back(std::move(line.step));
  }

  void take(Line& line, const Option& option, const std::map<std::string, std::string>& words) {
    const auto key = without_dashes(option.key);
    const auto* rule = option_rule(line.rule, key);
    const bool word = !rule && line.rule.words && environment_word(key);
    if (!rule && !word) {
      if (!places_.lenient) return wrong(line, option.column, unknown_option(line.rule, key));
      return warn(line, option.column, unknown_option(line.rule, key));
    }
    auto value = expand(option.value, [&](const std::string& name) -> std::optional<std::string> {
      const auto at = words.find(name);
      return at == words.end() ? places_.variables(name) : std::optional(at->second);
    });
    if (!value)
      return wrong(line, option.column, fmt::format("{}: {}", key, value.error()),
                   value.error().ends_with("is not set") ? "unset-variable" : "");
    if (word)
      line.step.words[std::string(key)] = *value;
    else
      check(line, *rule, option, *value);
    line.step.options.push_back({option.key, std::move(*value), option.column});
  }

  void check(Line& line, const OptionRule& rule, const Option& option, const std::string& value) {
    const bool pause = line.rule.kind == PhaseKind::sleep && rule.name == "config";
    if (const auto why = misfit(rule, value); !why.empty())
      return wrong(line, option.column,
                   pause ? fmt::format("'{}' is no number of seconds", printable(value, 40)) : why);
    if (rule.name == "config" && value.empty())
      return wrong(line, option.column, "config is empty; leave it out, or write a name");
    if (rule.name == "config") line.step.config = value;
    if (rule.name == "timeout") line.step.timeout = *parse_seconds(value, 1);
    if (rule.name == "lxc" && value != "False" && value != "false")
      warn(line, option.column, "lxc=True has no effect: scripts run on this machine");
  }

  /// The waits that a line asks for are not cut off by a timeout that it does not name.
  static void give_time(PlannedStep& step) {
    if (step.value("timeout")) return;
    const auto wait =
        step.seconds(step.kind() == PhaseKind::sleep ? "config" : "max-wait", Millis(0)) +
        step.seconds("delay", Millis(0));
    step.timeout = std::max(step.timeout, wait + Millis(std::chrono::minutes(1)));
  }

  void include(Line& line) {
    if (line.step.config.empty()) return wrong(line, 0, "include needs config=FILE");
    auto found = places_.stage.find(line.step.config);
    if (!found) return not_found(line, std::move(found.error().what));
    const auto shown = found->lexically_relative(places_.stage.spec()).string();
    if (open_.contains(shown))
      return wrong(line, column(line), fmt::format("'{}' includes itself", shown));
    if (open_.size() > k_deepest_include)
      return wrong(line, column(line),
                   fmt::format("'{}' is more than {} includes deep", shown, k_deepest_include));
    const auto text = read_file(*found, k_largest_file);
    if (!text) return wrong(line, column(line), text.error().what);
    included_bytes_ += text->size();
    if (++includes_ > k_most_includes || included_bytes_ > k_largest_file) {
      return stop(line, fmt::format("more than {} includes, or {} MiB of them", k_most_includes,
                                    k_largest_file >> 20));
    }
    manifest(*text, shown, line.step.words);
  }

  void find_file(Line& line) {
    auto& step = line.step;
    if (step.kind() == PhaseKind::sleep) {
      if (step.config.empty()) wrong(line, 0, "sleep needs config=SECONDS");
      return;
    }
    if (step.config.empty()) step.config = line.rule.default_file;
    if (step.config.empty() || !places_.check_files) return;
    auto found = places_.stage.find(step.config);
    if (!found && names_procfile(step.config) && step.kind() == PhaseKind::deploy) {
      found = in_trunk(step, found.error());
      if (!found && places_.procfile_later && found.error().reason == Reason::not_there) return;
    }
    if (!found) return not_found(line, std::move(found.error().what));
    step.file = std::move(*found);
    for (auto& why : check_spec_file(step, shown(step), plan_.problems, plan_.warnings))
      wrong(line, column(line), std::move(why), "not-executable");
    if (const auto* local = step.value("local")) secret(line, *local);
  }
  Result<fs::path> in_trunk(const PlannedStep& step, Error error) const {
    if (places_.trunk.empty() || !check_relative(step.config, "file"))
      return fail(std::move(error));
    auto candidate = places_.trunk / step.config;
    std::error_code ignored;
    if (fs::is_regular_file(candidate, ignored) && inside(candidate, places_.trunk))
      return candidate;
    error.what += ", nor in the trunk";
    return fail(std::move(error));
  }
  /// The file's path for messages: relative to the spec, or as it was asked for when it is the
  /// trunk's.
  std::string shown(const PlannedStep& step) const {
    auto path = step.file.lexically_relative(places_.stage.spec()).string();
    return path.empty() || path.starts_with("../") ? step.config : path;
  }
  void secret(Line& line, const std::string& name) {
    if (auto fine = check_relative(name, "local"); !fine)
      return wrong(line, column(line, "local"), fine.error().what);
    std::error_code ignored;
    if (places_.secrets.empty() || (fs::is_regular_file(places_.secrets / name, ignored) &&
                                    inside(places_.secrets / name, places_.secrets)))
      return;
    wrong(line, column(line, "local"),
          fmt::format("there is no secrets file '{}' in {}", name, places_.secrets.string()));
  }

  static std::size_t column(const Line& line, std::string_view key = "config") {
    const auto* option = line.row.find(key);
    return option ? option->column : 0;
  }
  void wrong(Line& line, std::size_t column, std::string what, std::string_view rule = {}) {
    line.fine = false;
    plan_.problems.push_back({line.path, line.row.line, column, std::move(what), rule});
  }
  void not_found(Line& line, std::string what) {
    wrong(line, column(line), std::move(what),
          check_relative(line.step.config, "file") ? "missing-file" : "");
  }
  /// Nothing more is read: what would follow is as much again.
  void stop(Line& line, std::string what) {
    wrong(line, 0, std::move(what));
    full_ = true;
  }
  void warn(const Line& line, std::size_t column, std::string what) {
    plan_.warnings.push_back({line.path, line.row.line, column, std::move(what)});
  }

  const PlanPlaces& places_;
  Plan& plan_;
  std::set<std::string> open_;  ///< the manifests that are being read, to find an include of itself
  std::size_t includes_ = 0, included_bytes_ = 0;
  bool full_ = false;
};

}  // namespace

const std::string* PlannedStep::value(std::string_view key) const {
  const std::string* found = nullptr;
  for (const auto& option : options)
    if (without_dashes(option.key) == key) found = &option.value;
  return found;
}

bool PlannedStep::flag(std::string_view key, bool otherwise) const {
  const auto* text = value(key);
  return text ? *text == "True" || *text == "true" : otherwise;
}

Millis PlannedStep::seconds(std::string_view key, Millis otherwise) const {
  const auto* text = value(key);
  return text ? parse_seconds(*text, 0).value_or(otherwise) : otherwise;
}

std::string PlannedStep::where() const {
  return fmt::format("{}:{}: {}{}", path, line, rule->name,
                     config.empty() || config == rule->name ? "" : " " + config);
}

bool names_procfile(std::string_view config) {
  return fs::path(config).filename().string().starts_with("Procfile");
}

Plan plan_text(const PlanPlaces& places, std::string_view text, const std::string& shown) {
  Plan plan;
  plan.manifest = shown;
  Planner(places, plan).manifest(text, shown, {});
  // The manifest itself first, from top to bottom; then the other files.
  const auto order = [&](const Problem& problem) {
    return std::tuple(problem.file != shown, std::string_view(problem.file), problem.line,
                      problem.column);
  };
  for (auto* list : {&plan.problems, &plan.warnings}) {
    std::ranges::stable_sort(*list, {}, order);
    // A file that two lines name was looked into twice.
    list->erase(std::ranges::unique(*list).begin(), list->end());
  }
  return plan;
}

Plan make_plan(const PlanPlaces& places, const std::string& name) {
  Plan plan;
  plan.manifest = name;
  const auto file = places.stage.find(name);
  const auto text = file ? read_file(*file, k_largest_file) : fail(file.error());
  if (!text) {
    plan.problems.push_back({name, 0, 0, text.error().what});
    return plan;
  }
  return plan_text(places, *text, file->lexically_relative(places.stage.spec()).string());
}

}  // namespace cdctl::mojo
