#include "cli/setup/interview.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cdctl/fs.hpp>
#include <cdctl/set_name.hpp>
#include <cdctl/text.hpp>
#include <cdctl/url.hpp>

#include "cli/setup/init_dialogue.hpp"

namespace cdctl::cli {

namespace fs = std::filesystem;

namespace {

/// Whether the options say all that a configuration cannot be made without: the rest has defaults
/// that nobody need be asked for.
bool says_enough(const Arguments& args, bool adding) {
  return args.has("service") && args.has("trunk") && (adding || args.has("broker"));
}

/// git check-ref-format: what a person could type by mistake.
bool valid_branch(const std::string& name) {
  return !name.starts_with('-') && std::ranges::none_of(name, [](char c) {
    return static_cast<unsigned char>(c) <= ' ' || c == 0x7f ||
           std::string_view("~^:?*[\\").contains(c);
  });
}
/// A folder of this machine whose files can be looked at (a bare repository has none).
bool work_tree(const std::string& address) {
  std::error_code error;
  return fs::exists(fs::path(address) / ".git", error) ||
         fs::exists(fs::path(address) / ".bzr", error);
}
/// A folder stays the same one wherever the configuration is read from.
std::string absolute(const std::string& address) {
  std::error_code error;
  return !address.empty() && !address.contains(':') && fs::exists(address, error)
             ? fs::absolute(address).lexically_normal().string()
             : address;
}

}  // namespace

Interview::Interview(Context& context, const Arguments& args, const SetupPlugins& plugins,
                     FolderFacts facts, bool adding)
    : context_(context),
      args_(args),
      plugins_(plugins),
      facts_(std::move(facts)),
      prompt_(context.out),
      asks_(Prompt::possible() && !args.has("yes")),
      asks_all_(asks_ && !says_enough(args, adding)),
      adding_(adding) {}

Result<InitAnswers> Interview::run() {
  CDCTL_TRY(check_engine());
  CDCTL_TRY(service());
  CDCTL_TRY(sources());
  CDCTL_TRY(engine());
  InitDialogue dialogue(context_, args_, asks_, asks_all_);
  SetupService service{answers_.service, adding_, !answers_.spec.empty()};
  if (answers_.trunk == facts_.source.url)
    service.folder = facts_.folder;
  else if (answers_.work_tree)
    service.folder = answers_.trunk;
  CDCTL_TRY_ASSIGN(answers_.plugins, plugins_.interview(dialogue, service));
  return std::move(answers_);
}

Result<std::string> Interview::settle(const char* option, std::string_view question,
                                      const std::string& found, bool needed) {
  if (args_.has(option)) return args_.value(option);
  if (asks_) return prompt_.line(question, found);
  if (needed && (!args_.has("yes") || found.empty()))
    return fail(missing_option("--" + std::string(option)));
  return args_.has("yes") ? found : std::string();
}

Result<> Interview::service() {
  for (;;) {
    CDCTL_TRY_ASSIGN(answers_.service, settle("service", "Name of the service", facts_.name));
    if (valid_service_name(answers_.service)) return {};
    const auto wrong = fmt::format(
        "'{}' is no service name: use small letters, digits and single dashes, a letter first, "
        "at most 38",
        printable(answers_.service, 60));
    if (!asks_ || args_.has("service")) return fail(ExitCode::usage, "init: --service " + wrong);
    context_.out.warning(wrong);
  }
}

Result<> Interview::sources() {
  const auto found = facts_.spec_question.empty() ? facts_.source.url : std::string();
  CDCTL_TRY_ASSIGN(answers_.trunk, settle("trunk", "Trunk: its repository, URL or folder", found));
  if (answers_.trunk.empty())
    return fail(ExitCode::usage, "init: a service needs a trunk; give --trunk URL");
  CDCTL_TRY_ASSIGN(answers_.trunk_kind, kind_of(answers_.trunk));
  answers_.trunk = absolute(answers_.trunk);
  CDCTL_TRY(branch());
  answers_.work_tree = work_tree(answers_.trunk);
  if (answers_.trunk == facts_.source.url)
    answers_.procfile = facts_.procfile;
  else if (answers_.work_tree)
    answers_.procfile = look_at_procfile(answers_.trunk);
  if (args_.has("spec") || !facts_.spec_question.empty()) {
    CDCTL_TRY_ASSIGN(const auto spec, settle("spec", facts_.spec_question, facts_.source.url));
    answers_.spec = absolute(spec);
    answers_.spec_kind = plugins_.kind_of_address(answers_.spec);
  }
  for (const auto* address : {&answers_.trunk, &answers_.spec})
    if (const auto url = parse_url(*address); url && !url->password.empty())
      return fail(ExitCode::usage,
                  "init: the address of a repository may hold no password; let git ask its "
                  "credential helper, or use ssh");
  return {};
}

Result<std::string> Interview::kind_of(const std::string& address) const {
  if (address == facts_.source.url) return facts_.source.kind;
  auto kind = plugins_.kind_of_address(address);
  if (!kind.empty()) return kind;
  return fail(ExitCode::config, "init: no plugin reads sources; see cdctl plugins");
}

bool Interview::has_branches(const std::string& kind) {
  const auto* plugin = context_.plugin_host().offering("source", kind);
  if (!plugin) return false;
  return std::ranges::any_of(plugin->roles, [&](const plugins::RoleInfo& row) {
    return row.role == "source" && row.kind == kind &&
           std::ranges::find(row.keys, "branch") != row.keys.end();
  });
}

Result<> Interview::branch() {
  const auto found = answers_.trunk == facts_.source.url ? facts_.source.branch : std::string();
  for (answers_.branch = args_.value("branch", found);;) {
    const bool asked = asks_all_ && !args_.has("branch") && has_branches(answers_.trunk_kind);
    if (asked) {
      CDCTL_TRY_ASSIGN(answers_.branch, prompt_.line("Branch (empty: the default one)", found));
    }
    if (valid_branch(answers_.branch)) {
      if (!has_branches(answers_.trunk_kind)) answers_.branch.clear();
      return {};
    }
    const auto wrong = fmt::format("'{}' is no name of a branch", printable(answers_.branch, 60));
    if (!asked) return fail(ExitCode::usage, "init: --branch " + wrong);
    context_.out.warning(wrong);
  }
}

std::vector<std::string> Interview::engines() {
  auto out = context_.plugin_host().kinds("engine");
  std::ranges::stable_partition(out, [](const std::string& kind) { return kind == k_embedded; });
  return out;
}

Result<> Interview::check_engine() {
  if (!args_.has("engine") || known(args_.value("engine"))) return {};
  return fail(ExitCode::usage, unknown_engine(args_.value("engine")) + "; see cdctl init --help");
}

bool Interview::known(const std::string& engine) {
  const auto all = engines();
  return std::ranges::find(all, engine) != all.end();
}

std::string Interview::unknown_engine(const std::string& engine) {
  return fmt::format("init: --engine '{}' is none of: {}", printable(engine, 40),
                     fmt::join(engines(), " "));
}

Result<> Interview::engine() {
  answers_.engine = args_.value("engine", facts_.engine.empty() ? k_embedded : facts_.engine);
  if (!args_.has("engine") && asks_all_ && !facts_.engine.empty()) {
    CDCTL_TRY_ASSIGN(answers_.engine,
                     prompt_.line(fmt::format("Engine, {} (there is a {})",
                                              fmt::join(engines(), " or "), facts_.because),
                                  facts_.engine));
  }
  if (known(answers_.engine)) return {};
  return fail(ExitCode::usage, unknown_engine(answers_.engine));
}

}  // namespace cdctl::cli
