#include "cli/command_line/plugin_commands.hpp"

#include <algorithm>

#include <fmt/format.h>

#include <cdctl/args.hpp>
#include <cdctl/text.hpp>

#include "cli/command_line/command.hpp"
#include "cli/command_line/grammar.hpp"
#include "cli/command_line/help.hpp"
#include "cli/command_line/parse.hpp"
#include "cli/output/choice.hpp"
#include "cli/output/context.hpp"
#include "cli/output/screen_text.hpp"

namespace cdctl::cli {

namespace {

std::string group_help(const plugins::PluginInfo& plugin) {
  auto out = fmt::format("cdctl {} COMMAND: {}\n\n", plugin.name, plugin.summary);
  std::size_t width = 0;
  for (const auto& command : plugin.commands) width = std::max(width, command.name.size());
  for (const auto& command : plugin.commands)
    fmt::format_to(std::back_inserter(out), "  {:<{}}  {}\n", command.name, width,
                   wrapped(command.summary, width + 4, 80));
  return out + fmt::format("\nEach takes --help: cdctl {} {} --help\n", plugin.name,
                           plugin.commands.front().name);
}

/// Options before the command's name, as in `cdctl mojo -r ROOT run`, belong to the command.
std::vector<std::string> command_first(const plugins::PluginInfo& plugin,
                                       std::vector<std::string> words) {
  const auto at = command_word(words, group_options(plugin));
  if (at < words.size())
    std::rotate(words.begin(), words.begin() + static_cast<std::ptrdiff_t>(at),
                words.begin() + static_cast<std::ptrdiff_t>(at) + 1);
  return words;
}

std::string row_help(const plugins::PluginInfo& plugin, const plugin::CommandRow& row) {
  const auto name = fmt::format("{} {}", plugin.name, row.name);
  const auto options = all_options(row);
  return help_of({name,
                  row.arguments,
                  row.summary,
                  row.examples,
                  {},
                  {},
                  std::span(options).first(row.options.size())});
}

int run_row(const plugins::PluginInfo& plugin, const plugin::CommandRow& row,
            const std::vector<std::string>& words, Output& out) {
  auto args = parse_words(fmt::format("{} {}", plugin.name, row.name), all_options(row),
                          !row.arguments.empty(), words);
  if (!args) {
    out.error(args.error().what);
    return static_cast<int>(args.error().exit);
  }
  if (auto set = set_output(*args, out); !set) {
    out.error(set.error().what);
    return static_cast<int>(set.error().exit);
  }
  Context context({args->value("config"), args->values("plugin-path")}, out);
  // A plugin's command may do without a configuration, but not with one that is broken or is not
  // the one that was named.
  if (auto loaded = context.load_config();
      !loaded && loaded.error().reason != Reason::no_configuration) {
    context.report(loaded.error());
    return context.exit_code();
  }
  auto descriptor = context.plugin_host().open(plugin);
  if (!descriptor) {
    context.report(descriptor.error());
    return context.exit_code();
  }
  out.set_records([&context] { return context.plugin_host().records(); });
  for (const auto& real : (*descriptor)->commands) {
    if (row.name != real.name) continue;
    const plugin::CommandArguments given{
        std::move(*args), [&](const Json& record) { out.write(record); }, [&] { out.flush(); },
        [&](const Error& error) { context.report(error); }};
    const int code = real.run(context, given);
    return code != 0 ? code : context.exit_code();
  }
  return static_cast<int>(ExitCode::config);
}

}  // namespace

std::vector<Option> all_options(const plugin::CommandRow& row) {
  std::vector<Option> options(row.options.begin(), row.options.end());
  const auto own = options.size();
  for (auto option :
       global_options()) {  // where both want a letter, the command's own meaning wins
    const auto taken = [&](const Option& other) { return other.letter == option.letter; };
    if (std::any_of(options.begin(), options.begin() + static_cast<std::ptrdiff_t>(own), taken))
      option.letter = 0;
    options.push_back(option);
  }
  return options;
}

std::vector<Option> group_options(const plugins::PluginInfo& plugin) {
  std::vector<Option> out;
  for (const auto& row : plugin.commands)
    for (const auto& option : all_options(row))
      if (std::ranges::find(out, option.name, &Option::name) == out.end()) out.push_back(option);
  return out;
}

std::optional<int> run_plugin_command(const std::string& group,
                                      const std::vector<std::string>& words, Output& out) {
  if (!valid_word(group)) return {};
  Context finder({}, out);
  for (auto plugin : finder.plugin_host().plugins()) {
    if (plugin.name != group || plugin.commands.empty() || !plugin.refused.empty()) continue;
    if (auto read = plugins::PluginHost::read_commands(plugin); !read) {
      out.error(read.error().what);
      return static_cast<int>(read.error().exit);
    }
    if (words.empty() || words.front() == "--help" || words.front() == "-h") {
      out.text(group_help(plugin));
      return 0;
    }
    const auto ordered = command_first(plugin, words);
    for (const auto& row : plugin.commands) {
      if (row.name != ordered.front()) continue;
      const std::vector<std::string> rest(ordered.begin() + 1, ordered.end());
      if (has_flag(rest, all_options(row), "help")) {
        out.text(row_help(plugin, row));
        return 0;
      }
      return run_row(plugin, row, rest, out);
    }
    std::vector<std::string> names;
    for (const auto& row : plugin.commands) names.emplace_back(row.name);
    out.error(fmt::format("{}: unknown command '{}'{}; see cdctl {} --help", group,
                          printable(ordered.front(), 60), did_you_mean(ordered.front(), names),
                          group));
    return static_cast<int>(ExitCode::usage);
  }
  return {};
}

std::map<std::string, std::string> plugin_groups() {
  Output nothing;
  Context finder({}, nothing);
  std::map<std::string, std::string> out;
  for (const auto& plugin : finder.plugin_host().plugins())
    if (!plugin.commands.empty() && plugin.refused.empty() &&
        std::ranges::find(commands(), plugin.name, &Command::name) == commands().end())
      out.emplace(plugin.name, plugin.summary);
  return out;
}

}  // namespace cdctl::cli
