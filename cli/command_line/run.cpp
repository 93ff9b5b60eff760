#include "cli/command_line/run.hpp"

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdlib>

#include <fmt/format.h>
#include <unistd.h>

#include <cdctl/fs.hpp>
#include <cdctl/stop.hpp>
#include <cdctl/text.hpp>

#include "cli/command_line/command.hpp"
#include "cli/command_line/external_commands.hpp"
#include "cli/command_line/grammar.hpp"
#include "cli/command_line/help.hpp"
#include "cli/command_line/parse.hpp"
#include "cli/command_line/plugin_commands.hpp"
#include "cli/output/choice.hpp"
#include "cli/output/context.hpp"

namespace cdctl::cli {

namespace {

/// The command line cut in two.
struct CommandLine {
  std::string command;
  std::vector<std::string> words;  ///< everything but the command's name
};

CommandLine cut_line(int argc, char** argv) {
  CommandLine out;
  out.words.assign(argv + std::min(argc, 1), argv + argc);
  const auto at = command_word(out.words, leading_options());
  if (at == out.words.size()) return out;
  out.command = std::move(out.words[at]);
  out.words.erase(out.words.begin() + static_cast<std::ptrdiff_t>(at));
  return out;
}

int usage_error(Output& out, std::string_view line) {
  out.error(line);
  return static_cast<int>(ExitCode::usage);
}

/// What people ask for in the words of other tools, and what it is here.
struct Elsewhere {
  std::string_view words;  ///< with blanks between
  std::string_view here;
};
constexpr std::array k_elsewhere{
    Elsewhere{"tail journal", "cdctl logs SET -f shows what its units write"},
    Elsewhere{"status list ps get sets", "cdctl ls lists the sets, cdctl top watches them"},
    Elsewhere{"rollback undo revert",
              "cdctl deploy SERVICE@previous puts the revision before out again, cdctl timeline "
              "SERVICE shows which there were"},
    Elsewhere{"cut open kill isolate", "cdctl break SET cuts a set off"},
    Elsewhere{"stop disable", "cdctl break SET cuts a set off, cdctl hold SERVICE freezes deploys"},
    Elsewhere{"delete remove rm destroy undeploy", "cdctl reap SET removes a set for good"},
    Elsewhere{"uninstall purge", "cdctl retire SERVICE ends a service"},
    Elsewhere{"uncut close restore restart start", "cdctl mend SET joins a cut set again"},
    Elsewhere{"describe show info", "cdctl inspect SET shows everything about a set"},
    Elsewhere{"audit", "cdctl history shows what was done, cdctl timeline SERVICE draws it"},
    Elsewhere{"release ship apply update upgrade rollout run up",
              "cdctl outdated | cdctl deploy puts out what is newer"},
    Elsewhere{"plan pending", "cdctl outdated shows what would go out"},
    Elsewhere{
        "resize replicas autoscale",
        "cdctl scale SET PROCESS=N changes the units of a set, cdctl ls | cdctl want proposes "
        "how many"},
    Elsewhere{"pause freeze lock", "cdctl hold SERVICE freezes deploys"},
    Elsewhere{"unpause unfreeze unlock thaw", "cdctl resume SERVICE lifts a freeze"},
    Elsewhere{"prune gc clean cleanup",
              "cdctl ls | cdctl stale | cdctl reap removes what nobody "
              "needs"},
    Elsewhere{"pin override", "cdctl force STATE SET overrides the breakers"},
    Elsewhere{"watch monitor dashboard", "cdctl top watches the sets"},
    Elsewhere{"events alerts", "cdctl signals shows what the services said"},
    Elsewhere{"check lint validate",
              "cdctl config check reads the configuration, cdctl doctor "
              "everything else"},
};

std::string hint_for(std::string_view word) {
  for (const auto& row : k_elsewhere)
    if (const auto all = words(row.words); std::ranges::find(all, word) != all.end())
      return fmt::format("; {}", row.here);
  return {};
}

std::string unknown_command(const std::string& word) {
  if (const auto hint = hint_for(word); !hint.empty())
    return fmt::format("unknown command '{}'{}", printable(word, 60), hint);
  std::vector<std::string> names;
  for (const auto& command : commands())
    if (!command.hidden) names.emplace_back(command.name);
  return fmt::format("unknown command '{}'{}; see cdctl --help", printable(word, 60),
                     did_you_mean(word, names));
}

const Command* find_command(std::string_view name) {
  for (const auto& command : commands())
    if (command.name == name) return &command;
  return nullptr;
}

int run_command(const Command& command, const std::vector<std::string>& words, Output& out) {
  auto args = parse_words(command.name, all_options_of(command), !command.arguments.empty(), words);
  if (!args) return usage_error(out, args.error().what);
  if (auto set = set_output(*args, out, command.formats); !set)
    return usage_error(out, set.error().what);
  Context context({args->value("config"), args->values("plugin-path")}, out);
  out.set_records([&context] { return context.plugin_host().records(); });
  if (command.needs == Needs::config) {
    if (auto loaded = context.load_config(); !loaded) {
      context.report(loaded.error());
      return static_cast<int>(loaded.error().exit);
    }
  }
  return out.finish(command.run(context, *args));
}

std::string overview_page() { return overview(plugin_groups(), external_commands()); }

int tell(Output& out, std::string_view page) {
  out.text(page);
  return out.finish(0);
}

int without_command(const std::vector<std::string>& words, Output& out) {
  if (has_flag(words, leading_options(), "version"))
    return run_command(*find_command("version"), {}, out);
  if (has_flag(words, leading_options(), "help")) return tell(out, overview_page());
  if (!words.empty())
    return usage_error(out, fmt::format("no command given after '{}'; see cdctl --help",
                                        printable(words.front(), 60)));
  (void)write_all(STDERR_FILENO, overview_page());
  return static_cast<int>(ExitCode::usage);
}

int run_help(const std::vector<std::string>& words, Output& out) {
  if (words.empty()) return tell(out, overview_page());
  if (const auto* command = find_command(words.front())) return tell(out, help_of(*command));
  // `help mojo`, `help mojo run`: as the plugin's group says it
  auto rest = std::vector(words.begin() + 1, words.end());
  rest.emplace_back("--help");
  if (const auto code = run_plugin_command(words.front(), rest, out)) return out.finish(*code);
  return usage_error(out, unknown_command(words.front()));
}

int dispatch(int argc, char** argv, Output& out) {
  const auto line = cut_line(argc, argv);
  if (line.command.empty()) return without_command(line.words, out);
  if (line.command == "help") return run_help(line.words, out);
  if (const auto* command = find_command(line.command)) {
    if (has_flag(line.words, all_options_of(*command), "help")) return tell(out, help_of(*command));
    return run_command(*command, line.words, out);
  }
  if (const auto code = run_plugin_command(line.command, line.words, out)) return out.finish(*code);
  if (const auto error = exec_external(line.command, line.words)) return usage_error(out, *error);
  return usage_error(out, unknown_command(line.command));
}

}  // namespace

int run_main(int argc, char** argv) noexcept {
  try {
    std::signal(SIGPIPE,
                SIG_IGN);  // a reader that has gone is seen at the write, between two items
    Stop::install();
    Output out;
    out.set_format(Format::table);  // nothing to close when a usage error comes first
    return dispatch(argc, argv, out);
  } catch (const std::exception& error) {
    const auto line = fmt::format("cdctl: internal error: {}; please report it\n", error.what());
    (void)write_all(STDERR_FILENO, line);
    return static_cast<int>(ExitCode::failed);
  }
}

}  // namespace cdctl::cli
