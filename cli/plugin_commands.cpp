#include "plugin_commands.hpp"

#include <csignal>

#include <fmt/format.h>
#include <unistd.h>

#include <cdctl/args.hpp>
#include <cdctl/fs.hpp>
#include <cdctl/names.hpp>
#include <cdctl/process.hpp>

#include "command.hpp"
#include "context.hpp"
#include "parse.hpp"

namespace cdctl::cli {

namespace {

std::string group_help(const PluginInfo& plugin) {
  auto out = fmt::format("cdctl {} COMMAND: {}\n\n", plugin.name, plugin.summary);
  for (const auto& command : plugin.commands) fmt::format_to(std::back_inserter(out), "  {} {}\n      {}\n", command.name, command.arguments, command.summary);
  return out;
}

int run_row(const PluginInfo& plugin, const CommandInfo& row, const std::vector<std::string>& words, Output& out) {
  std::vector<Option> options(global_options().begin(), global_options().end());
  for (const auto& option : row.options) options.push_back({option.name, option.value, option.help, option.repeatable});
  auto args = parse_words(plugin.name + " " + row.name, options, !row.arguments.empty(), words);
  if (!args) {
    out.error(args.error().what);
    return static_cast<int>(args.error().exit);
  }
  const auto format = args->value("output", ::isatty(STDOUT_FILENO) ? "table" : "ndjson");
  out.set_format(format == "json" ? Format::json : format == "table" ? Format::table : format == "wide" ? Format::wide : format == "name" ? Format::name : Format::ndjson);
  Context context({args->value("config"), args->values("plugin-path")}, out);
  (void)context.load_config();  // a plugin's command may do without
  auto descriptor = context.plugin_host().open(plugin);
  if (!descriptor) {
    context.report(descriptor.error());
    return context.exit_code();
  }
  for (std::size_t i = 0; i < (*descriptor)->command_count; ++i) {
    const auto& real = (*descriptor)->commands[i];
    if (row.name != real.name) continue;
    const plugin::CommandArguments given{std::move(*args), [&](const Json& record) { out.write(record); }, [&](const Error& error) { context.report(error); }};
    return real.run(context, given);
  }
  return static_cast<int>(ExitCode::config);
}

}  // namespace

std::optional<int> run_plugin_command(const std::string& group, const std::vector<std::string>& words, Output& out) {
  if (!valid_word(group)) return {};
  Context finder({}, out);
  for (const auto& plugin : finder.plugin_host().plugins()) {
    if (plugin.name != group || plugin.commands.empty() || !plugin.refused.empty()) continue;
    if (words.empty() || words.front() == "--help" || words.front() == "-h") {
      out.text(group_help(plugin));
      return 0;
    }
    for (const auto& row : plugin.commands)
      if (row.name == words.front()) return run_row(plugin, row, {words.begin() + 1, words.end()}, out);
    out.error(fmt::format("{}: unknown command '{}'; see cdctl {} --help", group, printable(words.front(), 60), group));
    return static_cast<int>(ExitCode::usage);
  }
  return {};
}

std::optional<std::string> exec_external(const std::string& name, const std::vector<std::string>& words) {
  if (!valid_word(name)) return {};
  const auto program = find_program("cdctl-" + name);
  if (!program) return {};
  std::vector<std::string> argv{program->string()};
  argv.insert(argv.end(), words.begin(), words.end());
  std::vector<char*> pointers;
  for (auto& word : argv) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  std::signal(SIGPIPE, SIG_DFL);
  ::execv(program->c_str(), pointers.data());
  return fmt::format("starting {}: {}", program->string(), errno_text(errno));
}

}  // namespace cdctl::cli
