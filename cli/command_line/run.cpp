#include "cli/command_line/run.hpp"

#include <algorithm>
#include <csignal>
#include <cstdlib>

#include <fmt/format.h>
#include <unistd.h>

#include <cdctl/stop.hpp>
#include <cdctl/text.hpp>

#include "cli/command_line/command.hpp"
#include "cli/command_line/external_commands.hpp"
#include "cli/command_line/help.hpp"
#include "cli/command_line/parse.hpp"
#include "cli/command_line/plugin_commands.hpp"
#include "cli/output/choice.hpp"
#include "cli/output/context.hpp"

namespace cdctl::cli {

namespace {

/// The command line cut in two: what stands before the command's name (global options) and after
/// it.
struct Split {
  std::string command;
  std::vector<std::string> words;  ///< everything but the command's name
};

Split split(int argc, char** argv) {
  Split out;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (!out.command.empty() || word.size() < 2 || word.front() != '-') {
      if (out.command.empty() && !word.empty() && word != "-")
        out.command = word;
      else
        out.words.push_back(word);
      continue;
    }
    out.words.push_back(word);
    for (const auto& option : global_options()) {  // a global option's value is no command
      const bool takes =
          !option.value.empty() && (word == "--" + std::string(option.name) ||
                                    (option.letter && word == std::string("-") + option.letter));
      if (takes && i + 1 < argc) out.words.emplace_back(argv[++i]);
    }
  }
  return out;
}

bool wants(const std::vector<std::string>& words, std::string_view a, std::string_view b) {
  for (const auto& word : words) {
    if (word == "--") return false;
    if (word == a || word == b) return true;
  }
  return false;
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
  const auto close = nearest(word, names);
  return fmt::format("unknown command '{}'{}; see cdctl --help", printable(word, 60),
                     close.empty() ? "" : fmt::format("; did you mean {}?", close));
}

const Command* find_command(std::string_view name) {
  for (const auto& command : commands())
    if (command.name == name) return &command;
  return nullptr;
}

int run_command(const Command& command, const std::vector<std::string>& words, Output& out) {
  std::vector<Option> options(command.options.begin(), command.options.end());
  std::ranges::move(global_options_of(command), std::back_inserter(options));
  auto args = parse_words(command.name, options, !command.arguments.empty(), words);
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

int dispatch(int argc, char** argv, Output& out) {
  const auto line = split(argc, argv);
  if (line.command.empty()) {
    if (wants(line.words, "--version", "-V")) return run_command(*find_command("version"), {}, out);
    const bool asked = wants(line.words, "--help", "-h");
    if (!asked && !line.words.empty())
      return usage_error(out, fmt::format("no command given after '{}'; see cdctl --help",
                                          printable(line.words.front(), 60)));
    if (!asked) {
      const auto page = overview(plugin_groups(), external_commands());
      (void)!::write(STDERR_FILENO, page.data(), page.size());
      return static_cast<int>(ExitCode::usage);
    }
    out.text(overview(plugin_groups(), external_commands()));
    return finish(out, 0);
  }
  if (line.command == "help") {
    if (line.words.empty()) {
      out.text(overview(plugin_groups(), external_commands()));
      return finish(out, 0);
    }
    const auto* command = find_command(line.words.front());
    if (!command) {  // `help mojo`, `help mojo run`: as the plugin's group says it
      auto words = std::vector(line.words.begin() + 1, line.words.end());
      words.emplace_back("--help");
      if (const auto code = run_plugin_command(line.words.front(), words, out))
        return finish(out, *code);
      return usage_error(out, unknown_command(line.words.front()));
    }
    out.text(help_of(*command));
    return finish(out, 0);
  }
  if (const auto* command = find_command(line.command)) {
    if (wants(line.words, "--help", "-h")) {
      out.text(help_of(*command));
      return finish(out, 0);
    }
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
    (void)!::write(STDERR_FILENO, line.data(), line.size());
    return static_cast<int>(ExitCode::failed);
  }
}

}  // namespace cdctl::cli
