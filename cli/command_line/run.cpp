#include "cli/command_line/run.hpp"

#include <algorithm>
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

int finish(Output& out, int code) {
  out.finish();
  return out.broken() && code == 0 ? 0 : code;
}

int usage_error(Output& out, std::string_view line) {
  out.error(line);
  return static_cast<int>(ExitCode::usage);
}

std::string unknown_command(const std::string& word) {
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
  return finish(out, command.run(context, *args));
}

std::string overview_page() { return overview(plugin_groups(), external_commands()); }

int tell(Output& out, std::string_view page) {
  out.text(page);
  return finish(out, 0);
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
  if (const auto code = run_plugin_command(words.front(), rest, out)) return finish(out, *code);
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
  if (const auto code = run_plugin_command(line.command, line.words, out))
    return finish(out, *code);
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
