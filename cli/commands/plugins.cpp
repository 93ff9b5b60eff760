#include <fmt/format.h>

#include <cdctl/fs.hpp>

#include "../command.hpp"
#include "../context.hpp"

namespace cdctl::cli {

int run_plugins(Context& context, const Arguments& args) {
  auto& host = context.plugin_host();
  for (const auto& plugin : host.plugins()) {
    auto refused = PluginHost::inspect(plugin);
    if (args.has("check") && refused.empty()) {
      if (auto opened = host.open(plugin); !opened) refused = opened.error().what;
    }
    Json roles = Json::array();
    for (const auto& row : plugin.roles) roles.push_back(row.role + ":" + row.kind);
    Json record = Json::object({{"schema", "cdctl.plugin/1"}, {"name", plugin.name}, {"version", plugin.version}, {"ok", refused.empty()}});
    if (!refused.empty()) record.set("refused", refused);
    record.set("roles", std::move(roles)).set("file", plugin.file.string()).set("interface", plugin.interface_version);
    context.out.write(record);
  }
  return 0;
}

int run_manifest(Context& context, const Arguments& args) {
  if (args.words.size() != 2) {
    context.report({ExitCode::usage, "__manifest: give LIBRARY and FILE"});
    return context.exit_code();
  }
  if (auto written = write_manifest(args.words[0], args.words[1]); !written) context.report(written.error());
  return context.exit_code();
}

}  // namespace cdctl::cli
