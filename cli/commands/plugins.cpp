#include <fmt/format.h>

#include <cdctl/fs.hpp>
#include <cdctl/text.hpp>

#include "cli/command_line/command.hpp"
#include "cli/output/context.hpp"
#include "cli/setup/plugin_template.hpp"
#include "core/records/plugin.hpp"

namespace cdctl::cli {

namespace {

/// `cdctl plugins new NAME [FOLDER]`
Result<> new_plugin(Context& context, const Arguments& args) {
  if (args.words.front() != "new")
    return fail(ExitCode::usage,
                fmt::format("plugins: unknown word '{}'; did you mean: cdctl plugins new NAME?",
                            printable(args.words.front(), 60)));
  if (args.words.size() < 2 || args.words.size() > 3)
    return fail(ExitCode::usage, "plugins new: give NAME and, if you like, FOLDER");
  const auto& name = args.words[1];
  const std::filesystem::path folder = args.words.size() > 2 ? args.words[2] : name;
  std::vector<std::string_view> taken{"help"};
  for (const auto& command : commands()) taken.push_back(command.name);
  CDCTL_TRY(write_plugin_template(name, args.value("role", "sink"), taken, folder));
  context.out.note(
      fmt::format("{} is there; build and test it: cmake -S {} -B {} && cmake --build {} && ctest "
                  "--test-dir {}",
                  folder.string(), folder.string(), (folder / "build").string(),
                  (folder / "build").string(), (folder / "build").string()));
  return {};
}

}  // namespace

int run_plugins(Context& context, const Arguments& args) {
  if (!args.words.empty()) {
    if (auto made = new_plugin(context, args); !made) context.report(made.error());
    return context.exit_code();
  }
  auto& host = context.plugin_host();
  for (const auto& plugin : host.plugins()) {
    auto refused = plugins::PluginHost::inspect(plugin);
    if (args.has("check") && refused.empty()) {
      if (auto opened = host.open(plugin); !opened) refused = opened.error().what;
    }
    records::PluginRecord record{.name = plugin.name,
                                 .version = plugin.version,
                                 .ok = refused.empty(),
                                 .refused = refused,
                                 .roles = {},
                                 .file = plugin.file.string(),
                                 .interface = plugin.interface_version};
    for (const auto& row : plugin.roles) record.roles.push_back(row.role + ":" + row.kind);
    context.out.write(records::encode(record));
    if (args.has("check") && !refused.empty() && !plugin.shadowed)
      context.note_exit(ExitCode::failed);
  }
  return context.exit_code();
}

int run_manifest(Context& context, const Arguments& args) {
  if (args.words.size() != 2) {
    context.report({ExitCode::usage, "__manifest: give LIBRARY and FILE"});
    return context.exit_code();
  }
  if (auto written = plugins::write_manifest(args.words[0], args.words[1]); !written)
    context.report(written.error());
  return context.exit_code();
}

}  // namespace cdctl::cli
