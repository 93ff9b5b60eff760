#include "cli/setup/init_target.hpp"

#include <algorithm>
#include <array>
#include <span>

#include <fmt/format.h>

#include <cdctl/fs.hpp>
#include <cdctl/text.hpp>
#include <cdctl/url.hpp>

#include "cli/output/prompt.hpp"
#include "cli/setup/init_dialogue.hpp"
#include "cli/setup/init_files.hpp"
#include "cli/setup/init_text.hpp"
#include "core/land/target_faults.hpp"

namespace cdctl::cli {

namespace fs = std::filesystem;

namespace {

constexpr std::chrono::seconds k_asking(10);  ///< the repository for its branches

struct TargetAnswers {
  std::string name, kind, repository, branch, command;
};

/// Asks what a folder does not tell.
class TargetInterview {
 public:
  TargetInterview(Context& context, const Arguments& args, const SetupPlugins& plugins,
                  const FolderFacts& facts)
      : context_(context), args_(args), plugins_(plugins), facts_(facts), prompt_(context.out) {}

  Result<TargetAnswers> run(const fs::path& folder) {
    TargetAnswers out;
    const auto& source = facts_.source;
    CDCTL_TRY_ASSIGN(out.name, settle("target", "Name of the target", facts_.name));
    if (!valid_word(out.name))
      return fail(ExitCode::usage,
                  fmt::format("init: --target '{}' is no name: use words of small letters and "
                              "digits that begin with a letter, with single dashes between them, "
                              "such as main or release-v2",
                              printable(out.name, 60)));
    CDCTL_TRY_ASSIGN(out.repository, settle("trunk", "Its repository: URL or folder",
                                            source.own_work_tree ? "" : source.url));
    if (const auto url = parse_url(out.repository); url && !url->password.empty())
      return fail(ExitCode::usage,
                  "init: the address of a repository may hold no password; let git ask its "
                  "credential helper, or use ssh");
    if (std::error_code error; !out.repository.contains(':') && fs::exists(out.repository, error))
      out.repository = fs::absolute(out.repository).lexically_normal().string();
    out.kind =
        out.repository == source.url ? source.kind : plugins_.kind_of_address(out.repository);
    if (!context_.plugin_host().offering("forge", out.kind))
      return fail(ExitCode::config, fmt::format("init: no plugin lands on repositories of kind {}",
                                                out.kind.empty() ? "?" : out.kind));
    out.branch = args_.value("branch");
    if (out.branch.empty()) out.branch = likely_branch(out);
    CDCTL_TRY(check_apart(out));
    CDCTL_TRY_ASSIGN(out.command, settle("verify", "The command that tests a merge of it",
                                         test_command_of(folder)));
    return out;
  }

 private:
  static TargetConfig config_of(const TargetAnswers& answers, const std::string& branch) {
    TargetConfig out;
    out.name = answers.name;
    out.forge = answers.kind;
    out.repository = answers.repository;
    out.branch = branch;
    return out;
  }

  /// The branch that has the target's name, where there is one; else the one that a clone here is
  /// of.
  std::string likely_branch(const TargetAnswers& answers) {
    const auto& source = facts_.source;
    const bool here = answers.repository == source.url && !source.branch.empty();
    auto otherwise = here ? source.branch : TargetConfig().branch;
    const auto named = config_of(answers, answers.name);
    if (answers.name == otherwise || !land::has_branches(context_, named)) return otherwise;
    const auto* const one = &named;
    const auto found = land::newest_of(context_, std::span(&one, 1), Deadline(k_asking));
    if (found.front()) return answers.name;
    const auto& error = found.front().error();
    if (error.transient || error.exit == ExitCode::timeout)
      context_.out.warning(
          fmt::format("init: whether there is a branch {} could not be asked: {}; "
                      "the target is of {}, --branch names another",
                      answers.name, error.what, otherwise));
    return otherwise;
  }

  /// Two targets that mean the same proposals would both land them, and neither is used.
  Result<> check_apart(const TargetAnswers& answers) {
    const auto* other = land::same_proposals(context_, config_of(answers, answers.branch));
    if (!other) return {};
    return fail(ExitCode::refused,
                fmt::format("init: the target {} has the proposals for {} of {} already; give "
                            "--branch another branch",
                            other->name, answers.branch, answers.repository));
  }

  /// From its option, from what was found, or from a person.
  Result<std::string> settle(const char* option, std::string_view question,
                             const std::string& found) {
    if (auto given = args_.value(option); !given.empty()) return given;
    if (!found.empty()) return found;
    if (!Prompt::possible() || args_.has("yes"))
      return fail(
          ExitCode::usage,
          fmt::format("init: --{0} is missing, and nothing here tells it: give it", option));
    CDCTL_TRY_ASSIGN(auto said, prompt_.line(question, ""));
    if (said.empty()) return fail(ExitCode::usage, fmt::format("init: --{} is missing", option));
    return said;
  }

  Context& context_;
  const Arguments& args_;
  const SetupPlugins& plugins_;
  const FolderFacts& facts_;
  Prompt prompt_;
};

std::string target_text(const TargetAnswers& answers, const std::string& plugins) {
  auto out = fmt::format(
      "# Proposals land on this branch when votes and tests say so:\n"
      "#     cdctl proposals | cdctl gate | cdctl verify | cdctl land\n"
      "# What a key means: cdctl config explain KEY.\n"
      "repository = {}\nbranch = {}\n",
      toml_text(answers.repository), toml_text(answers.branch));
  if (answers.kind != TargetConfig().forge)
    out += fmt::format("forge = {}\n", toml_text(answers.kind));
  out += fmt::format(
      "votes = {}\n"
      "\n[verify]         # in a fresh checkout of the merge, without a network\n"
      "command = {}\n"
      "limit   = \"1h\"\n",
      toml_text(TargetConfig().votes), toml_text(answers.command));
  return out + plugins;
}

constexpr std::string_view k_configuration =
    "# Read by every cdctl command that is run in this folder or below it; targets.d/ beside it "
    "has "
    "a file for each branch\n"
    "# that proposals land on. What is in force: cdctl config show. What is wrong: cdctl config "
    "check.\n";

}  // namespace

std::string test_command_of(const fs::path& folder) {
  struct Sign {
    std::string_view file, text, command;
  };
  constexpr std::array k_signs{
      Sign{"Makefile", "\ncheck:", "make check"},
      Sign{"GNUmakefile", "\ncheck:", "make check"},
      Sign{"Makefile", "\ntest:", "make test"},
      Sign{"GNUmakefile", "\ntest:", "make test"},
      Sign{"meson.build", "", "meson setup build && meson test -C build"},
      Sign{"Cargo.toml", "", "cargo test --offline"},
      Sign{"go.mod", "", "go test ./..."},
      Sign{"tox.ini", "", "tox"},
      Sign{"package.json", "\"test\"", "npm test"},
      Sign{"pyproject.toml", "pytest", "python3 -m pytest"},
  };
  for (const auto& sign : k_signs) {
    const auto text = read_file_if_there(folder / sign.file);
    if (text && *text && ("\n" + **text).contains(sign.text)) return std::string(sign.command);
  }
  return {};
}

Result<> init_target(Context& context, const Arguments& args, const fs::path& file,
                     const SetupPlugins& plugins, const FolderFacts& facts) {
  std::error_code error;
  const auto folder = file.parent_path();
  const bool adding = fs::exists(file, error);
  const auto here = test_command_of(folder).empty() ? fs::current_path(error) : folder;
  CDCTL_TRY_ASSIGN(const auto answers, TargetInterview(context, args, plugins, facts).run(here));
  InitDialogue dialogue(context, args, false, false);
  CDCTL_TRY_ASSIGN(const auto own,
                   plugins.interview(answers.kind, dialogue, {answers.name, adding, false}));
  std::vector<NewFile> files;
  for (const auto& one : own.files)  // somebody may have added to it
    if (!fs::exists(folder / one.path, error))
      files.push_back({folder / one.path, one.text, 0644, false});
  files.push_back({folder / "targets.d" / (answers.name + ".toml"),
                   target_text(answers, own.service), 0644, false});
  if (!adding) files.push_back({file, std::string(k_configuration), 0644, false});
  CDCTL_TRY(refuse_taken(files));
  CDCTL_TRY(write_files(context, files, args.has("dry-run")));
  if (args.has("dry-run")) return {};
  CDCTL_TRY(context.load_config_file(file));
  if (const auto broken = context.config().broken_targets.find(answers.name);
      broken != context.config().broken_targets.end())
    return fail(broken->second);
  context.out.note(
      "next: a line in the file of reviewers for each whose vote counts (your own does not on what "
      "you have made), then cdctl propose, cdctl review, and the line at the top of the target's "
      "file from cron");
  return {};
}

}  // namespace cdctl::cli
