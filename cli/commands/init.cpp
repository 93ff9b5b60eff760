#include <cstdlib>

#include <fmt/format.h>

#include <cdctl/fs.hpp>
#include <cdctl/text.hpp>

#include "cli/command_line/command.hpp"
#include "cli/command_line/options.hpp"
#include "cli/output/context.hpp"
#include "cli/setup/init_files.hpp"
#include "cli/setup/init_target.hpp"
#include "cli/setup/interview.hpp"
#include "cli/setup/new_file.hpp"

namespace cdctl::cli {

namespace fs = std::filesystem;

namespace {

/// A person sees which files, and says yes. Exit code `refused` otherwise.
Result<> agree(Context& context, const fs::path& folder, const std::vector<NewFile>& files) {
  auto list = fmt::format("In {}:\n", folder.string());
  for (const auto& one : files)
    list += fmt::format("  {}\n", one.path.lexically_relative(folder).string());
  CDCTL_TRY_ASSIGN(
      const bool agreed,
      Prompt(context.out)
          .yes(fmt::format(
              "{}Write {}?", list,
              files.size() == 1 ? "this file" : fmt::format("these {} files", files.size()))));
  if (!agreed) return fail(ExitCode::refused, "init: nothing was written");
  return {};
}

void say_next(Context& context, const fs::path& folder, const InitAnswers& answers) {
  std::error_code error;
  const auto here = fs::equivalent(folder, fs::current_path(error), error);
  context.out.note(
      fmt::format("next{}: cdctl doctor, then cdctl outdated, then cdctl outdated | cdctl deploy",
                  here ? "" : ", in " + folder.string()));
  if (answers.engine == k_embedded && answers.spec.empty() && answers.work_tree &&
      answers.procfile.processes.empty())
    context.out.note(
        fmt::format("{} has no Procfile yet; it needs one, with lines such as: worker: ./worker",
                    answers.trunk));
}

/// `--target NAME` is understood as `--target=NAME`: the one of the words that is no FOLDER, else
/// the last one.
Arguments with_target_name(Arguments args) {
  std::error_code error;
  if (!args.has("target") || !args.value("target").empty() || args.words.empty()) return args;
  // What has no slash and is no folder yet is meant as a name, also where it is not a good one.
  if (const auto& word = args.words.front();
      args.words.size() == 1 && (word.contains('/') || fs::is_directory(word, error)))
    return args;
  const auto is_folder = [&](const std::string& word) {
    return word.contains('/') || word.starts_with('.') || fs::is_directory(word, error);
  };
  const bool first =
      args.words.size() > 1 && is_folder(args.words.back()) && !is_folder(args.words.front());
  const auto name = first ? args.words.begin() : args.words.end() - 1;
  args.options["target"] = {*name};
  args.words.erase(name);
  return args;
}

/// The configuration that is made, or added to: that of FOLDER, or the one that --config or
/// CDCTL_CONFIG names; else that of this folder.
Result<fs::path> file_of(const Arguments& args) {
  constexpr const char* k_name = "cdctl.toml";
  const auto whole = [](const fs::path& path) { return fs::absolute(path).lexically_normal(); };
  auto named = args.value("config");
  if (!named.empty() && !args.words.empty())
    return fail(ExitCode::usage,
                "init: FOLDER and --config each name a configuration: give one of them");
  if (!args.words.empty()) return whole(fs::path(args.words.front()) / k_name);
  if (const char* set = std::getenv("CDCTL_CONFIG"); named.empty() && set) named = set;
  return whole(named.empty() ? fs::path(k_name) : fs::path(named));
}

}  // namespace

int run_init(Context& context, const Arguments& given) {
  return complete(context, [&]() -> Result<> {
    const auto args = with_target_name(given);
    if (args.words.size() > 1)
      return fail(ExitCode::usage, "init: give one FOLDER at most; see cdctl init --help");
    std::error_code error;
    CDCTL_TRY_ASSIGN(const auto file, file_of(args));
    const auto folder = file.parent_path();
    const bool adding = fs::exists(file, error);
    CDCTL_TRY(adding ? context.load_config_file(file) : context.check_home());
    const SetupPlugins plugins(context);
    // Who names a folder means what is in it; a configuration may be anywhere.
    const auto current = fs::current_path(error);
    const auto here = plugins.look_at(args.words.empty() ? current : folder);
    const auto facts =
        here.source.kind.empty() ? plugins.look_at(args.words.empty() ? folder : current) : here;
    if (args.has("target")) return init_target(context, args, file, plugins, facts);
    Interview interview(context, args, plugins, facts, adding);
    CDCTL_TRY_ASSIGN(const auto answers, interview.run());
    const auto files = files_of(answers, file, adding);
    CDCTL_TRY(refuse_taken(files));
    if (interview.asked() && !args.has("dry-run")) CDCTL_TRY(agree(context, folder, files));
    if (!args.has("dry-run"))
      for (const auto& secret : answers.plugins.files)
        remove_drafts(folder / secret.path);  // also when this run writes no password
    CDCTL_TRY(write_files(context, files, args.has("dry-run")));
    if (args.has("dry-run")) return {};
    CDCTL_TRY(context.load_config_file(file));
    if (const auto broken = context.config().broken.find(answers.service);
        broken != context.config().broken.end())
      return fail(broken->second);
    say_next(context, folder, answers);
    return {};
  });
}

}  // namespace cdctl::cli
