#include <algorithm>
#include <iterator>
#include <utility>

#include <fmt/format.h>

#include <cdctl/text.hpp>

#include "cli/command_line/command.hpp"
#include "cli/command_line/options.hpp"
#include "cli/output/context.hpp"
#include "cli/setup/config_view.hpp"
#include "cli/setup/target_check.hpp"
#include "core/files/toml_file.hpp"
#include "core/land/target_faults.hpp"
#include "core/notify/receiver.hpp"
#include "core/records/path.hpp"
#include "core/records/problem.hpp"

namespace cdctl::cli {

namespace {

/// What the switches of each service say of its file; of one that is broken already nothing more.
void add_switches(Context& context, std::vector<ConfigProblem>& problems) {
  if (!context.load_config()) return;  // said already
  for (const auto& service : context.config().services)
    for (const auto& name : context.broker_switches(service)) {
      auto door = context.switch_(name);
      const auto checked =
          door ? (*door)->check_file(service) : Result<>(std::unexpected(door.error()));
      if (checked) continue;
      std::string_view what = checked.error().what;
      if (const auto file = service.file.string() + ": "; what.starts_with(file))
        what.remove_prefix(file.size());
      problems.push_back({service.file, 0, 0, std::string(what)});
    }
}

/// Line and column of a dotted key, or of the nearest table around it.
std::pair<unsigned, unsigned> place_of(const files::TomlFile& file, std::string key) {
  for (;;) {
    if (const auto at = file.where.find(key); at != file.where.end()) return at->second;
    const auto dot = key.rfind('.');
    if (dot == key.npos) return {};
    key.resize(dot);
  }
}

/// What receivers of `notify` say of their tables, and whom routes name. What was said of the same
/// place already is not said in other words.
void add_receivers(Context& context, std::vector<ConfigProblem>& problems) {
  if (!context.load_config()) return;  // said already
  const auto path = std::filesystem::absolute(context.config().file);
  const auto file = files::read_toml(path);
  if (!file) return;
  std::vector<ConfigProblem> found;
  for (auto& problem : notify::receiver_problems(context)) {
    const auto [line, column] = place_of(*file, problem.key);
    const auto same = [&](const ConfigProblem& known) {
      return known.file == path && line > 0 && known.line == line && known.column == column;
    };
    if (std::ranges::none_of(problems, same))
      found.push_back({path, line, column, std::move(problem.what)});
  }
  std::ranges::move(found, std::back_inserter(problems));
}

/// What a target's file does not tell by itself: files that it names, a repository of this machine.
void add_targets(Context& context, std::vector<ConfigProblem>& problems) {
  if (!context.load_config()) return;  // said already
  std::ranges::move(find_target_problems(context), std::back_inserter(problems));
}

/// Writes what is wrong; exit code `config` when something is.
void check(Context& context, const config::ConfigPlace& place) {
  auto problems = find_problems(place, context.plugin_host());
  add_switches(context, problems);
  add_receivers(context, problems);
  add_targets(context, problems);
  for (const auto& problem : problems) {
    const auto& file = problem.file.empty() ? place.file : problem.file;
    if (context.out.format() ==
        Format::table) {  // as compilers say it, so that editors find the place
      context.out.text(problem.line > 0 ? fmt::format("{}:{}:{}: {}\n", file.string(), problem.line,
                                                      problem.column, problem.what)
                                        : fmt::format("{}: {}\n", file.string(), problem.what));
      continue;
    }
    records::ProblemRecord record;
    record.file = file.string();
    record.what = problem.what;
    if (problem.line > 0) {
      record.line = problem.line;
      record.column = problem.column;
    }
    context.out.write(records::encode(record));
  }
  if (!problems.empty()) return context.note_exit(ExitCode::config);
  const auto services = config::service_files(place), targets = config::target_files(place);
  if (!services || !targets) return;
  const auto count = [](const auto& files, std::string_view noun) {
    return plural(static_cast<std::int64_t>(files->size()), noun);
  };
  context.out.note(
      targets->empty()
          ? fmt::format("{} and {} are valid", place.file.string(), count(services, "service file"))
          : fmt::format("{}, {} and {} are valid", place.file.string(),
                        count(services, "service file"), count(targets, "target file")));
  const auto& all = context.config().targets;
  if (!std::ranges::all_of(all, land::is_here))
    context.out.note("repositories of targets on other machines were not asked; cdctl doctor does");
}

}  // namespace

int run_config(Context& context, const Arguments& args) {
  return complete(context, [&]() -> Result<> {
    const auto verb = args.words.empty() ? std::string() : args.words.front();
    const auto rest = std::span(args.words).subspan(args.words.empty() ? 0 : 1);
    if (verb == "explain" && rest.size() <= 1)
      return explain_keys(context, rest.empty() ? "" : rest.front());
    if ((verb == "check" || verb == "path") && !rest.empty())
      return fail(ExitCode::usage, fmt::format("config: {} takes no further words", verb));
    if (verb != "show" && verb != "check" && verb != "path")
      return fail(
          ExitCode::usage,
          fmt::format(
              "config: say show [SERVICE|TARGET…], check, explain [KEY] or path{}; see "
              "cdctl config --help",
              did_you_mean(verb, std::vector<std::string>{"show", "check", "explain", "path"})));
    CDCTL_TRY_ASSIGN(const auto place, config::require_config(args.value("config")));
    if (verb == "show") return show_settings(context, place, rest);
    if (verb == "check")
      check(context, place);
    else
      context.out.write(records::encode(records::PathRecord{
          .file = std::filesystem::absolute(place.file).string(), .trusted = place.trusted}));
    return {};
  });
}

}  // namespace cdctl::cli
