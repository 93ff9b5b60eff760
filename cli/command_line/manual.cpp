#include "cli/command_line/manual.hpp"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "cli/command_line/command.hpp"
#include "cli/command_line/roff.hpp"
#include "cli/output/context.hpp"

namespace cdctl::cli {

namespace {

struct Term {
  std::string_view term, text;
};

constexpr Term k_exits[] = {
    {"0", "Done, or nothing to do."},
    {"1", "At least one item failed."},
    {"2", "The command line is wrong."},
    {"3", "The configuration is wrong or missing."},
    {"4", "Could not ask: it is not known, which is never mixed with no."},
    {"5", "A guard refused."},
    {"6", "Timed out."},
    {"130, 143", "Ended by SIGINT or SIGTERM; the item in hand was finished or undone."},
};
constexpr Term k_files[] = {
    {"cdctl.toml",
     "The configuration: --config, else $CDCTL_CONFIG, else in this folder or one above, else "
     "$XDG_CONFIG_HOME/cdctl/cdctl.toml, else /etc/cdctl/cdctl.toml."},
    {"services.d/*.toml", "One file a service, beside it."},
    {"~/.local/state/cdctl, /var/lib/cdctl",
     "The home, of a user and of root: worker sets of this machine, logs, caches. $CDCTL_HOME "
     "names another."},
    {"~/.local/share/cdctl/plugins", "Plugins of a user."},
};
constexpr Term k_environment[] = {
    {"CDCTL_CONFIG", "The configuration to use."},
    {"CDCTL_HOME", "The home to use."},
    {"CDCTL_OUTPUT", "Output format where stdout is a terminal."},
    {"CDCTL_PLUGIN_PATH", "Folders to look for plugins first, separated by colons."},
    {"NO_COLOR", "Not empty: no colours."},
};

void rows(Roff& page, std::string_view title, std::span<const Term> table, bool italic) {
  page.section(title);
  for (const auto& [term, text] : table)
    page.item(italic ? Roff::italic(term) : Roff::bold(term), text);
}

/// What all pages are made with.
class Manual {
 public:
  Manual(std::span<const plugins::PluginInfo> plugins, std::string_view version,
         std::string_view date)
      : plugins_(plugins), source_(fmt::format("cdctl {}", version)), date_(date) {}

  [[nodiscard]] ManualPage overview() const;
  [[nodiscard]] ManualPage command(const Command& row) const;
  [[nodiscard]] ManualPage group(const plugins::PluginInfo& plugin) const;

 private:
  [[nodiscard]] Roff open(const std::string& name, std::string_view summary) const;
  void see_also(Roff& page, const std::string& own, std::string_view examples) const;
  [[nodiscard]] bool has_page(std::string_view command) const;

  std::span<const plugins::PluginInfo> plugins_;
  std::string source_, date_;
};

std::string synopsis(std::string_view name, std::string_view arguments) {
  return Roff::bold("cdctl " + std::string(name)) +
         (arguments.empty() ? "" : " " + Roff::italic(arguments)) + " [" + Roff::italic("OPTIONS") +
         "]";
}

void options(Roff& page, std::span<const Option> list) {
  for (const auto& option : list) {
    auto term = option.letter ? Roff::bold(std::string("-") + option.letter) + ", " : "";
    term += Roff::bold("--" + std::string(option.name));
    if (!option.value.empty())
      term += option.value_optional ? "[=" + Roff::italic(option.value) + "]"
                                    : " " + Roff::italic(option.value);
    auto text = std::string(option.help);
    if (!option.choices.empty()) text += fmt::format(" (one of: {})", option.choices);
    if (option.repeatable) text += "; may be given more than once";
    page.item(term, text);
  }
}

bool Manual::has_page(std::string_view command) const {
  const auto row = [&](const Command& other) { return other.name == command && !other.hidden; };
  const auto plugin = [&](const plugins::PluginInfo& other) {
    return other.name == command && !other.commands.empty();
  };
  return std::ranges::any_of(commands(), row) || std::ranges::any_of(plugins_, plugin);
}

/// Commands that stand in one pipe belong together: the examples name them.
void Manual::see_also(Roff& page, const std::string& own, std::string_view examples) const {
  std::set<std::string> names;
  constexpr std::string_view k_call = "cdctl ";
  for (auto at = examples.find(k_call); at != std::string_view::npos;
       at = examples.find(k_call, at + 1)) {
    const auto rest = examples.substr(at + k_call.size());
    const auto word = rest.substr(0, std::min(rest.find_first_of(" \n|"), rest.size()));
    if (has_page(word) && "cdctl-" + std::string(word) != own)
      names.insert("cdctl-" + std::string(word));
  }
  page.section("See also");
  std::string line = own == "cdctl" ? "" : Roff::bold("cdctl") + "(1)";
  for (const auto& name : names) line += (line.empty() ? "" : ", ") + Roff::bold(name) + "(1)";
  page.line(line);
  page.paragraph("The documents that are installed with cdctl, in share/doc/cdctl/docs.");
}

Roff Manual::open(const std::string& name, std::string_view summary) const {
  Roff page(name, date_, source_);
  page.section("Name");
  page.line(Roff::plain(name) + " \\- " + Roff::plain(summary));
  page.section("Synopsis");
  return page;
}

ManualPage Manual::overview() const {
  auto page =
      open("cdctl", "continuous delivery of services whose workers live on RabbitMQ queues");
  page.line(Roff::bold("cdctl") + " " + Roff::italic("COMMAND") + " [" + Roff::italic("ARGUMENTS") +
            "] [" + Roff::italic("OPTIONS") + "]");
  page.section("Description");
  page.paragraph(
      "A trunk moves. cdctl puts the new revision beside the revisions that run already; nobody "
      "waits for it. Small breakers watch the sets of workers and "
      "cut a bad one off from RabbitMQ and the world; small reapers remove the sets that nobody "
      "needs any more. Every decision is a filter, every action is a "
      "verb, and the pipe is the controller:");
  page.example(
      "cdctl outdated            | cdctl deploy\ncdctl signals --follow    | cdctl trip  | cdctl "
      "break\ncdctl ls                  | cdctl stale | cdctl reap");
  page.paragraph(
      "Records go to standard output, one JSON object a line, or as a table on a terminal; "
      "everything else goes to standard error. Leave the last stage of a pipe off and "
      "you have a dry run.");
  page.section("Commands");
  for (const auto& row : commands())
    if (!row.hidden)
      page.item(Roff::bold("cdctl-" + std::string(row.name)) + "(1)",
                std::string(row.summary) + ".");
  const auto has_commands = [](const plugins::PluginInfo& plugin) {
    return !plugin.commands.empty();
  };
  if (std::ranges::any_of(plugins_, has_commands)) page.section("Commands of plugins");
  for (const auto& plugin : plugins_)
    if (has_commands(plugin))
      page.item(Roff::bold("cdctl-" + plugin.name) + "(1)", plugin.summary + ".");
  page.paragraph("A program cdctl-NAME on PATH becomes cdctl NAME.");
  page.section("Options of every command");
  options(page, global_options());
  rows(page, "Exit status", k_exits, false);
  rows(page, "Environment", k_environment, false);
  rows(page, "Files", k_files, true);
  see_also(page, "cdctl",
           "cdctl outdated cdctl deploy cdctl signals cdctl trip cdctl break cdctl ls cdctl stale "
           "cdctl reap");
  return {"cdctl", page.text()};
}

ManualPage Manual::command(const Command& row) const {
  const auto name = "cdctl-" + std::string(row.name);
  auto page = open(name, row.summary);
  page.line(synopsis(row.name, row.arguments));
  page.section("Description");
  page.paragraph(std::string(row.summary) + ".");
  if (!row.reads.empty())
    page.paragraph(fmt::format("Reads {}; writes {}.", row.reads, row.writes));
  if (!row.options.empty()) {
    page.section("Options");
    options(page, row.options);
  }
  page.section("Options of every command");
  options(page, global_options_of(row));
  rows(page, "Exit status", k_exits, false);
  const auto decides = [](const Option& option) { return option.name == "exit-code"; };
  if (std::ranges::any_of(row.options, decides))
    page.item(Roff::bold("10"), "With --exit-code: there is something.");
  rows(page, "Files", k_files, true);
  if (!row.examples.empty()) {
    page.section("Examples");
    page.example(row.examples);
  }
  see_also(page, name, row.examples);
  return {name, page.text()};
}

ManualPage Manual::group(const plugins::PluginInfo& plugin) const {
  const auto name = "cdctl-" + plugin.name;
  auto page = open(name, plugin.summary);
  std::string examples;
  for (const auto& row : plugin.commands) {
    if (&row != &plugin.commands.front()) page.line(".br");
    page.line(synopsis(fmt::format("{} {}", plugin.name, row.name), row.arguments));
    examples += fmt::format("{}\n", row.examples);
  }
  page.section("Description");
  page.paragraph(fmt::format("The commands of the plugin {} {}: {}.", plugin.name, plugin.version,
                             plugin.summary));
  page.section("Commands");
  for (const auto& row : plugin.commands) {
    page.subsection(fmt::format("{} {}{}{}", plugin.name, row.name,
                                row.arguments.empty() ? "" : " ", row.arguments));
    page.paragraph(fmt::format("{}.", row.summary));
    options(page, row.options);
    if (row.examples.empty()) continue;
    page.paragraph("For example:");
    page.example(row.examples);
  }
  page.section("Options of every command");
  options(page, global_options());
  rows(page, "Exit status", k_exits, false);
  rows(page, "Files", k_files, true);
  see_also(page, name, examples);
  return {name, page.text()};
}

}  // namespace

std::vector<ManualPage> manual_pages(std::span<const plugins::PluginInfo> plugins,
                                     std::string_view version, std::string_view date) {
  const Manual manual(plugins, version, date);
  std::vector<ManualPage> pages{manual.overview()};
  for (const auto& row : commands())
    if (!row.hidden) pages.push_back(manual.command(row));
  for (const auto& plugin : plugins)
    if (!plugin.commands.empty()) pages.push_back(manual.group(plugin));
  return pages;
}

}  // namespace cdctl::cli
