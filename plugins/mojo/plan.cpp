#include "plan.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <span>

#include <fcntl.h>
#include <unistd.h>

#include <fmt/format.h>

#include <cdctl/fs.hpp>
#include <cdctl/names.hpp>

namespace cdctl::mojo {

namespace fs = std::filesystem;

namespace {

constexpr std::array<std::string_view, 3> k_script_options{"config", "timeout", "lxc"};
constexpr std::array<std::string_view, 2> k_collect_options{"config", "timeout"};
constexpr std::array<std::string_view, 1> k_sleep_options{"config"};
constexpr std::array<std::string_view, 5> k_deploy_options{"config", "timeout", "delay", "wait", "target"};

std::span<const std::string_view> options_of(PhaseKind kind) {
  switch (kind) {
    case PhaseKind::collect: return k_collect_options;
    case PhaseKind::sleep: return k_sleep_options;
    case PhaseKind::deploy: return k_deploy_options;
    default: return k_script_options;
  }
}

bool is_script(PhaseKind kind) { return kind == PhaseKind::script || kind == PhaseKind::build || kind == PhaseKind::verify; }

bool environment_word(std::string_view key) {
  return valid_variable_name(key) && std::ranges::none_of(key, [](char c) { return c >= 'a' && c <= 'z'; });
}

std::optional<Millis> seconds(std::string_view text, std::int64_t least) {
  std::int64_t count = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error != std::errc() || stop != text.data() + text.size() || count < least || count > 7 * 86'400) return {};
  return Millis(count * 1000);
}

/// Why the kernel would not run this file; empty when it would.
std::string not_runnable(const fs::path& file) {
  if (::access(file.c_str(), X_OK) != 0) return "is not executable; run chmod +x on it and commit that";
  const Fd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  char buffer[256];
  const auto got = fd.valid() ? ::read(fd.get(), buffer, sizeof buffer) : -1;
  if (got < 0) return "cannot be read";
  std::string_view head(buffer, static_cast<std::size_t>(got));
  if (head.starts_with("\x7f" "ELF")) return {};
  if (!head.starts_with("#!")) return "starts with no #! line, so the kernel cannot run it";
  head = head.substr(2, std::min(head.find('\n'), head.size()) - 2);
  head.remove_prefix(std::min(head.find_first_not_of(" \t"), head.size()));
  const std::string interpreter(head.substr(0, head.find_first_of(" \t")));
  if (interpreter.ends_with('\r')) return "has a carriage return in its #! line; save it with plain line feeds";
  if (!interpreter.starts_with('/') || ::access(interpreter.c_str(), X_OK) != 0) {
    return fmt::format("needs the interpreter '{}', which is not here", printable(interpreter, 80));
  }
  return {};
}

/// Checks one row after the other, and notes everything that is wrong.
class Planner {
 public:
  Planner(const PlanPlaces& places, const Manifest& manifest, Plan& plan, std::vector<Problem>& problems)
      : places_(places), plan_(plan), problems_(problems), path_(manifest.path) {}

  void add(const Row& row) {
    row_ = &row;
    const auto kind = phase_kind(row.phase);
    if (!kind) return;  // the parser told it
    if (*kind == PhaseKind::unsupported) return wrong(0, fmt::format("phase {} is not supported by this version", row.phase));
    PlannedStep step;
    step.line = row.line;
    step.phase = row.phase;
    step.kind = *kind;
    const auto before = problems_.size();
    for (const auto& option : row.options) take(step, option);
    if (problems_.size() != before) return;
    if (*kind == PhaseKind::sleep) {
      if (!row.find("config")) return wrong(0, "sleep needs config=SECONDS");
    } else {
      find_file(step);
    }
    plan_.steps.push_back(std::move(step));
  }

  /// A manifest that starts nothing, or starts twice, is not what anybody means.
  void finish() {
    const auto deploys = std::ranges::count(plan_.steps, PhaseKind::deploy, &PlannedStep::kind);
    if (deploys == 0 && problems_.empty()) problems_.push_back({path_, 0, 0, "it has no deploy phase, so nothing would run; add a line `deploy`"});
    if (deploys > 1) problems_.push_back({path_, 0, 0, "more than one deploy phase is not supported by this version"});
  }

 private:
  void take(PlannedStep& step, const Option& option) {
    const auto key = option.key.starts_with("--") ? option.key.substr(2) : option.key;
    const auto known = options_of(step.kind);
    const bool listed = std::ranges::find(known, key) != known.end();
    if (!listed && !(is_script(step.kind) && environment_word(key))) return wrong(option.column, unknown_option(step, key));
    auto value = expand(option.value, places_.variables);
    if (!value) return wrong(option.column, fmt::format("{}: {}", key, value.error()));
    if (!listed) {
      step.words[key] = std::move(*value);
    } else if (key == "config" && step.kind == PhaseKind::sleep) {
      if (const auto pause = seconds(*value, 0)) step.pause = *pause;
      else wrong(option.column, fmt::format("'{}' is no number of seconds", printable(*value, 40)));
    } else if (key == "config") {
      step.config = std::move(*value);
    } else if (key == "timeout") {
      if (const auto timeout = seconds(*value, 1)) step.timeout = *timeout;
      else wrong(option.column, fmt::format("timeout '{}' is no number of seconds", printable(*value, 40)));
    } else if (key != "lxc" || *value != "False") {
      warn(option.column, fmt::format("{}={} has no effect in this version", key, printable(*value, 40)));
    }
  }
  static std::string unknown_option(const PlannedStep& step, const std::string& key) {
    std::vector<std::string> names;
    for (const auto name : options_of(step.kind)) names.emplace_back(name);
    const auto close = nearest(key, names);
    const auto hint = !close.empty() ? fmt::format("; did you mean {}?", close)
                      : is_script(step.kind) ? "; words for the script's environment are written in capitals" : "";
    return fmt::format("phase {} has no option {}{}", step.phase, printable(key, 60), hint);
  }

  void find_file(PlannedStep& step) {
    if (step.config.empty()) step.config = step.kind == PhaseKind::deploy ? "Procfile" : step.phase;
    auto found = places_.stage.find(step.config);
    if (!found && step.kind == PhaseKind::deploy && !places_.trunk.empty() && check_relative(step.config, "file")) {
      const auto candidate = places_.trunk / step.config;
      std::error_code ignored;
      if (fs::is_regular_file(candidate, ignored) && inside(candidate, places_.trunk)) found = candidate;
      else found.error().what += ", nor in the trunk";
    }
    if (!found) return wrong(column("config"), found.error().what);
    step.file = std::move(*found);
    if (is_script(step.kind)) {
      if (const auto why = not_runnable(step.file); !why.empty()) wrong(column("config"), fmt::format("'{}' {}", step.config, why));
    } else if (step.kind == PhaseKind::collect) {
      (void)load_collect_file(step.file, step.config, problems_, plan_.warnings);
    } else {
      (void)load_procfile(step.file, step.config, problems_);
    }
  }
  std::size_t column(std::string_view key) const {
    const auto* option = row_->find(key);
    return option ? option->column : 0;
  }
  void wrong(std::size_t column, std::string what) { problems_.push_back({path_, row_->line, column, std::move(what)}); }
  void warn(std::size_t column, std::string what) { plan_.warnings.push_back({path_, row_->line, column, std::move(what)}); }

  const PlanPlaces& places_;
  Plan& plan_;
  std::vector<Problem>& problems_;
  std::string path_;
  const Row* row_ = nullptr;
};

/// The text of a file of the spec; a problem when it cannot be read.
std::string load(const fs::path& file, const std::string& shown, std::vector<Problem>& problems) {
  auto text = read_file(file, k_largest_file);
  if (text) return std::move(*text);
  problems.push_back({shown, 0, 0, text.error().what});
  return {};
}

}  // namespace

std::vector<ProcfileEntry> load_procfile(const fs::path& file, const std::string& shown, std::vector<Problem>& problems) {
  const auto before = problems.size();
  const auto text = load(file, shown, problems);
  if (problems.size() != before) return {};
  return parse_procfile(text, shown, problems);
}

std::vector<CollectLine> load_collect_file(const fs::path& file, const std::string& shown, std::vector<Problem>& problems, std::vector<Problem>& warnings) {
  return parse_collect_file(load(file, shown, problems), shown, problems, warnings);
}

Result<Plan> make_plan(const PlanPlaces& places, const std::string& name) {
  CDCTL_TRY_ASSIGN(const auto file, places.stage.find(name));
  const auto shown = file.lexically_relative(places.stage.spec()).string();
  CDCTL_TRY_ASSIGN(const auto text, read_file(file, k_largest_file));
  auto manifest = parse_manifest(text, shown);
  Plan plan{shown, {}, std::move(manifest.warnings)};
  auto problems = std::move(manifest.problems);
  Planner planner(places, manifest, plan, problems);
  for (const auto& row : manifest.rows) planner.add(row);
  planner.finish();
  if (!problems.empty()) return fail(to_error(problems));
  return plan;
}

}  // namespace cdctl::mojo
