#include "cli/setup/land_import.hpp"

#include <filesystem>

#include <fmt/format.h>

#include <cdctl/fs.hpp>
#include <cdctl/text.hpp>

#include "cli/setup/init_files.hpp"
#include "cli/setup/init_plugins.hpp"
#include "cli/setup/tarmac.hpp"

namespace cdctl::cli {

namespace fs = std::filesystem;

namespace {

/// The forge that knows addresses of the branches; the default one where none does.
std::string forge_of(Context& context, const TarmacImport& import) {
  const auto kind = SetupPlugins(context).kind_of_address(import.targets.front().branch);
  return kind != TargetConfig().forge && context.plugin_host().offering("forge", kind)
             ? kind
             : std::string();
}

}  // namespace

Result<> import_landing(Context& context, const Arguments& args) {
  if (args.words.size() != 2 || args.words.front() != "import")
    return fail(ExitCode::usage,
                "land: what was verified comes from stdin; or say cdctl land "
                "import tarmac.conf");
  const fs::path path = args.words.back();
  CDCTL_TRY_ASSIGN(const auto text, read_file(path, 1 << 20));
  const auto in_file = [&](const Error& error) { return fail(error.in(path.string())); };
  auto import = import_tarmac(text, "");
  if (!import) return in_file(import.error());
  if (auto forge = forge_of(context, *import); !forge.empty()) import = import_tarmac(text, forge);
  if (!import) return in_file(import.error());
  std::vector<NewFile> files;
  const auto folder = context.config().file.parent_path() / "targets.d";
  for (const auto& target : import->targets)
    files.push_back({folder / (target.name + ".toml"), target.text, 0644, false});
  CDCTL_TRY(refuse_taken(files));
  CDCTL_TRY(write_files(context, files, args.has("dry-run")));
  for (const auto& record : import->keys) context.out.write(records::encode(record));
  context.out.note("next: cdctl config check, and correct what it names");
  return {};
}

}  // namespace cdctl::cli
