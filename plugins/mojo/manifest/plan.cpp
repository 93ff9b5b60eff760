#include "plugins/mojo/manifest/plan.hpp"

#include <algorithm>
#include <set>
#include <tuple>

#include <unistd.h>

#include <fmt/format.h>

#include <cdctl/fs.hpp>
#include <cdctl/text.hpp>

namespace cdctl::mojo {

namespace fs = std::filesystem;

namespace {

/// The text of a file of the spec; a problem when it cannot be read.
std::string load(const fs::path& file, const std::string& shown, std::vector<Problem>& problems) {
  auto text = read_file(file, k_largest_file);
  if (text) return std::move(*text);
  problems.push_back({shown, 0, 0, text.error().what});
  return {};
}

}  // namespace

std::string not_runnable(const fs::path& file) {
  if (::access(file.c_str(), X_OK) != 0)
    return "is not executable; run chmod +x on it and commit that";
  const auto fd = open_regular_file(file);
  char buffer[256];
  const auto got = fd ? ::read(fd->get(), buffer, sizeof buffer) : -1;
  if (got < 0) return "cannot be read";
  std::string_view head(buffer, static_cast<std::size_t>(got));
  if (head.starts_with("\x7f"
                       "ELF"))
    return {};
  if (!head.starts_with("#!")) return "starts with no #! line, so the kernel cannot run it";
  head = head.substr(2, std::min(head.find('\n'), head.size()) - 2);
  if (head.ends_with('\r'))
    return "has a carriage return in its #! line; save it with plain line feeds";
  head.remove_prefix(std::min(head.find_first_not_of(" \t"), head.size()));
  const std::string interpreter(head.substr(0, head.find_first_of(" \t")));
  if (!interpreter.starts_with('/') || ::access(interpreter.c_str(), X_OK) != 0) {
    return fmt::format("needs the interpreter '{}', which is not here", printable(interpreter, 80));
  }
  return {};
}

std::optional<Millis> parse_seconds(std::string_view text, std::int64_t least) {
  const auto count = whole_number(text);
  if (!count || *count < least || *count > 7 * 86'400) return {};
  return Millis(*count * 1000);
}

std::vector<ProcfileEntry> load_procfile(const fs::path& file, const std::string& shown,
                                         std::vector<Problem>& problems) {
  const auto before = problems.size();
  const auto text = load(file, shown, problems);
  if (problems.size() != before) return {};
  return parse_procfile(text, shown, problems);
}

std::vector<CollectLine> load_collect_file(const fs::path& file, const std::string& shown,
                                           std::vector<Problem>& problems,
                                           std::vector<Problem>& warnings) {
  const auto problems_before = problems.size(), warnings_before = warnings.size();
  auto lines = parse_collect_file(load(file, shown, problems), shown, problems, warnings);
  for (auto i = problems_before; i < problems.size(); ++i)
    problems[i].rule = problems[i].rule.empty() ? "collect" : problems[i].rule;
  for (auto i = warnings_before; i < warnings.size(); ++i) warnings[i].rule = "collect";
  return lines;
}

std::vector<std::string> load_names(const fs::path& file, const std::string& shown,
                                    std::vector<Problem>& problems) {
  std::vector<std::string> names;
  const auto text = load(file, shown, problems);
  for (const auto& line : split_lines(text, shown, problems)) {
    const auto name = trimmed(line.text);
    if (name.empty() || name.starts_with('#')) continue;
    const auto fits = [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
             c == '+' || c == '.' || c == '-' || c == '_';
    };
    if (!std::ranges::all_of(name, fits) || name.starts_with('-') || name.starts_with('.')) {
      const auto column = static_cast<std::size_t>(name.data() - line.text.data()) + 1;
      problems.push_back({shown, line.number, column,
                          fmt::format("'{}' is no name; write one a line", printable(name, 60))});
    } else {
      names.emplace_back(name);
    }
  }
  return names;
}

namespace {

/// Looks into the file of a step, `shown` in messages, before anything runs. What is wrong with the
/// file as the step's is answered (it belongs to the manifest's line); what is wrong inside it goes
/// to `problems`, with its own lines.
std::vector<std::string> check_spec_file(const PlannedStep& step, const std::string& shown,
                                         std::vector<Problem>& problems,
                                         std::vector<Problem>& warnings) {
  switch (step.kind()) {
    case PhaseKind::build:
    case PhaseKind::script:
    case PhaseKind::verify:
    case PhaseKind::stop_on:
      if (const auto why = not_runnable(step.file); !why.empty())
        return {fmt::format("'{}' {}", step.config, why)};
      break;
    case PhaseKind::collect:
      (void)load_collect_file(step.file, shown, problems, warnings);
      break;
    case PhaseKind::repo:
    case PhaseKind::builddeps:
      (void)load_names(step.file, shown, problems);
      break;
    case PhaseKind::deploy:
      if (names_procfile(step.config)) (void)load_procfile(step.file, shown, problems);
      break;
    default:
      break;
  }
  return {};
}

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
  Planner(const PlanOptions& options, Plan& plan) : options_(options), plan_(plan) {}

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
    const ManifestRow& row;
    const std::string& path;
    PlannedStep step;
    bool fine = true;
  };

  void row(const PhaseRule& rule, const ManifestRow& row, const std::string& path,
           const std::map<std::string, std::string>& words) {
    Line line{rule, row, path, {}};
    line.step.rule = &rule;
    line.step.path = path;
    line.step.line = row.line;
    line.step.words = words;
    line.step.timeout = rule.kind == PhaseKind::deploy
                            ? std::max(options_.timeout, Millis(std::chrono::minutes(45)))
                            : options_.timeout;
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

  void take(Line& line, const PhaseOption& option,
            const std::map<std::string, std::string>& words) {
    const auto key = without_dashes(option.key);
    const auto* rule = option_rule(line.rule, key);
    const bool word = !rule && line.rule.words && environment_word(key);
    if (!rule && !word) {
      if (!options_.lenient) return wrong(line, option.column, unknown_option(line.rule, key));
      return warn(line, option.column, unknown_option(line.rule, key));
    }
    auto value = expand(option.value, [&](const std::string& name) -> std::optional<std::string> {
      const auto at = words.find(name);
      return at == words.end() ? options_.variables(name) : std::optional(at->second);
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

  void check(Line& line, const OptionRule& rule, const PhaseOption& option,
             const std::string& value) {
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
    auto found = options_.stage.find(line.step.config);
    if (!found) return not_found(line, std::move(found.error().what));
    const auto shown = found->lexically_relative(options_.stage.spec()).string();
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
    if (step.config.empty() || !options_.check_files) return;
    auto found = options_.stage.find(step.config);
    if (!found && names_procfile(step.config) && step.kind() == PhaseKind::deploy) {
      found = in_trunk(step, found.error());
      if (!found && options_.procfile_later && found.error().reason == Reason::not_there) return;
    }
    if (!found) return not_found(line, std::move(found.error().what));
    step.file = std::move(*found);
    for (auto& why : check_spec_file(step, shown(step), plan_.problems, plan_.warnings))
      wrong(line, column(line), std::move(why), "not-executable");
    if (const auto* local = step.value("local")) secret(line, *local);
  }
  Result<fs::path> in_trunk(const PlannedStep& step, Error error) const {
    if (options_.trunk.empty() || !check_relative(step.config, "file"))
      return fail(std::move(error));
    auto candidate = options_.trunk / step.config;
    std::error_code ignored;
    if (fs::is_regular_file(candidate, ignored) && inside(candidate, options_.trunk))
      return candidate;
    error.what += ", nor in the trunk";
    return fail(std::move(error));
  }
  /// The file's path for messages: relative to the spec, or as it was asked for when it is the
  /// trunk's.
  std::string shown(const PlannedStep& step) const {
    auto path = step.file.lexically_relative(options_.stage.spec()).string();
    return path.empty() || path.starts_with("../") ? step.config : path;
  }
  void secret(Line& line, const std::string& name) {
    if (auto fine = check_relative(name, "local"); !fine)
      return wrong(line, column(line, "local"), fine.error().what);
    std::error_code ignored;
    if (options_.secrets.empty() || (fs::is_regular_file(options_.secrets / name, ignored) &&
                                     inside(options_.secrets / name, options_.secrets)))
      return;
    wrong(line, column(line, "local"),
          fmt::format("there is no secrets file '{}' in {}", name, options_.secrets.string()));
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

  const PlanOptions& options_;
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

Plan plan_text(const PlanOptions& options, std::string_view text, const std::string& shown) {
  Plan plan;
  plan.manifest = shown;
  Planner(options, plan).manifest(text, shown, {});
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

Plan make_plan(const PlanOptions& options, const std::string& name) {
  Plan plan;
  plan.manifest = name;
  const auto file = options.stage.find(name);
  const auto text = file ? read_file(*file, k_largest_file) : fail(file.error());
  if (!text) {
    plan.problems.push_back({name, 0, 0, text.error().what});
    return plan;
  }
  return plan_text(options, *text, file->lexically_relative(options.stage.spec()).string());
}

}  // namespace cdctl::mojo
