#include "cli/setup/land_import.hpp"

#include <filesystem>
#include <optional>
#include <set>

#include <fmt/format.h>

#include <cdctl/fs.hpp>
#include <cdctl/text.hpp>

#include "cli/setup/init_dialogue.hpp"
#include "cli/setup/init_files.hpp"
#include "cli/setup/init_plugins.hpp"
#include "cli/setup/tarmac.hpp"

namespace cdctl::cli {

namespace fs = std::filesystem;

namespace {

/// What a plugin asks for the part of a target that is its own, answered by the section; what it
/// warns of is said once for all of them.
class ImportDialogue final : public Dialogue {
 public:
  explicit ImportDialogue(Context& context) : context_(context) {}
  void begin(const ImportedTarget& target) { target_ = &target; }

  std::optional<std::string> option(std::string_view name) const override {
    if (name == "target") return target_->name;
    if (name == "trunk") return target_->branch;
    return {};
  }
  bool asks() const override { return false; }
  bool asks_all() const override { return false; }
  Result<std::string> line(std::string_view, std::string_view otherwise) override {
    return std::string(otherwise);
  }
  Result<std::string> secret(std::string_view) override { return std::string(); }
  void warn(std::string_view text) override {
    if (said_.insert(std::string(text)).second) context_.out.warning(text);
  }
  Error missing(std::string_view option) const override { return missing_option(option); }

 private:
  Context& context_;
  const ImportedTarget* target_ = nullptr;
  std::set<std::string> said_;
};

}  // namespace

Result<> import_landing(Context& context, const Arguments& args) {
  if (args.words.size() != 2 || args.words.front() != "import")
    return fail(ExitCode::usage,
                "land: what was verified comes from stdin; or say cdctl land "
                "import tarmac.conf");
  const fs::path path = args.words.back();
  CDCTL_TRY_ASSIGN(const auto text, read_file(path, 1 << 20));
  const SetupPlugins plugins(context);
  // The default one takes any address that no other knows.
  const auto forge_of = [&](const std::string& branch) {
    const auto kind = plugins.kind_of_address(branch);
    const bool own = kind != TargetConfig().forge && context.plugin_host().offering("forge", kind);
    return own ? kind : std::string();
  };
  const auto import = import_tarmac(text, forge_of);
  if (!import) return fail(import.error().in(path.string()));
  std::vector<NewFile> files;
  const auto folder = context.config().file.parent_path() / "targets.d";
  ImportDialogue dialogue(context);
  for (const auto& target : import->targets) {
    dialogue.begin(target);
    const auto forge = forge_of(target.branch);
    // Its file of reviewers is left to people: whoever imports need not be one.
    CDCTL_TRY_ASSIGN(const auto own, plugins.interview(forge.empty() ? TargetConfig().forge : forge,
                                                       dialogue, {target.name, true, false}));
    files.push_back({folder / (target.name + ".toml"), target.text + own.service, 0644, false});
  }
  CDCTL_TRY(refuse_taken(files));
  CDCTL_TRY(write_files(context, files, args.has("dry-run")));
  for (const auto& record : import->keys) context.out.write(records::encode(record));
  context.out.note("next: cdctl config check, and correct what it names");
  return {};
}

}  // namespace cdctl::cli
