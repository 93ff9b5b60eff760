#include <cdctl/fs.hpp>

#include "cli/command_line/command.hpp"
#include "cli/command_line/manual.hpp"
#include "cli/output/context.hpp"
#include "cli/version.hpp"

namespace cdctl::cli {

namespace {

Result<> write_pages(Context& context, const std::filesystem::path& folder, std::string_view date) {
  std::vector<plugins::PluginInfo> plugins;
  for (auto plugin : context.plugin_host().plugins()) {
    if (!plugin.refused.empty()) continue;
    if (!plugin.commands.empty()) CDCTL_TRY(plugins::read_commands(plugin));
    plugins.push_back(std::move(plugin));
  }
  CDCTL_TRY(make_directories(folder));
  for (const auto& page : manual_pages(plugins, version(), date))
    CDCTL_TRY(write_file_atomically(folder / (page.name + ".1"), page.text));
  return {};
}

}  // namespace

int run_man(Context& context, const Arguments& args) {
  if (args.words.empty() || args.words.size() > 2) {
    context.report({ExitCode::usage, "__man: give FOLDER and, if you like, the version's DATE"});
    return context.exit_code();
  }
  if (auto written =
          write_pages(context, args.words[0], args.words.size() > 1 ? args.words[1] : "");
      !written)
    context.report(written.error());
  return context.exit_code();
}

}  // namespace cdctl::cli
