#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cdctl/fs.hpp>
#include <cdctl/set_name.hpp>
#include <cdctl/stop.hpp>
#include <cdctl/text.hpp>
#include <cdctl/url.hpp>

#include "cli/command_line/command.hpp"
#include "cli/output/context.hpp"
#include "cli/output/prompt.hpp"
#include "cli/setup/init_plugins.hpp"
#include "cli/setup/init_text.hpp"
#include "cli/setup/new_file.hpp"
#include "core/actions/outcome.hpp"

namespace cdctl::cli {

namespace fs = std::filesystem;

namespace {

Error missing_option(std::string_view option) {
  return {ExitCode::usage, fmt::format("init: {} is missing, and standard input is no terminal to "
                                       "ask; give it, or --yes to take what is found",
                                       option)};
}

/// Whether the options say all that a configuration cannot be made without: the rest has defaults
/// that nobody need be asked for.
bool says_enough(const Arguments& args, bool adding) {
  return args.has("service") && args.has("trunk") && (adding || args.has("broker"));
}

/// The command line and the person, as plugins ask them.
class InitDialogue final : public Dialogue {
 public:
  InitDialogue(Context& context, const Arguments& args, bool asks, bool asks_all)
      : out_(context.out), args_(args), prompt_(context.out), asks_(asks), asks_all_(asks_all) {}

  std::optional<std::string> option(std::string_view name) const override {
    return args_.has(name) ? std::optional(args_.value(name)) : std::nullopt;
  }
  bool asks() const override { return asks_; }
  bool asks_all() const override { return asks_all_; }
  Result<std::string> line(std::string_view question, std::string_view otherwise) override {
    return prompt_.line(question, otherwise);
  }
  Result<std::string> secret(std::string_view question) override {
    return prompt_.secret(question);
  }
  void warn(std::string_view text) override { out_.warning(text); }
  Error missing(std::string_view option) const override { return missing_option(option); }

 private:
  app::Output& out_;
  const Arguments& args_;
  Prompt prompt_;
  bool asks_, asks_all_;
};

/// Settles one answer after the other: from its option, from a person, or with --yes from what was
/// found.
class Interview {
 public:
  Interview(Context& context, const Arguments& args, const SetupPlugins& plugins, FolderFacts facts,
            bool adding)
      : context_(context),
        args_(args),
        plugins_(plugins),
        facts_(std::move(facts)),
        prompt_(context.out),
        asks_(Prompt::possible() && !args.has("yes")),
        asks_all_(asks_ && !says_enough(args, adding)),
        adding_(adding) {}

  Result<InitAnswers> run() {
    CDCTL_TRY(check_engine());
    CDCTL_TRY(service());
    CDCTL_TRY(sources());
    CDCTL_TRY(engine());
    InitDialogue dialogue(context_, args_, asks_, asks_all_);
    CDCTL_TRY_ASSIGN(answers_.plugins, plugins_.interview(dialogue, {answers_.service, adding_,
                                                                     !answers_.spec.empty()}));
    return std::move(answers_);
  }
  /// Whether a person was led through questions, and is to agree at the end.
  [[nodiscard]] bool asked() const { return asks_all_; }

 private:
  Result<std::string> settle(const char* option, std::string_view question,
                             const std::string& found, bool needed = true) {
    if (args_.has(option)) return args_.value(option);
    if (asks_) return prompt_.line(question, found);
    if (needed && (!args_.has("yes") || found.empty()))
      return fail(missing_option("--" + std::string(option)));
    return args_.has("yes") ? found : std::string();
  }

  Result<> service() {
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

  Result<> sources() {
    const auto found = facts_.spec_question.empty() ? facts_.source.url : std::string();
    CDCTL_TRY_ASSIGN(answers_.trunk,
                     settle("trunk", "Trunk: its repository, URL or folder", found));
    if (answers_.trunk.empty())
      return fail(ExitCode::usage, "init: a service needs a trunk; give --trunk URL");
    CDCTL_TRY_ASSIGN(answers_.trunk_kind, kind_of(answers_.trunk));
    answers_.trunk = absolute(answers_.trunk);
    CDCTL_TRY(branch());
    answers_.work_tree = work_tree(answers_.trunk);
    if (answers_.trunk == facts_.source.url)
      answers_.processes = facts_.processes;
    else if (answers_.work_tree)
      answers_.processes = processes_in(answers_.trunk);
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
  Result<std::string> kind_of(const std::string& address) const {
    if (address == facts_.source.url) return facts_.source.kind;
    auto kind = plugins_.kind_of_address(address);
    if (!kind.empty()) return kind;
    return fail(ExitCode::config, "init: no plugin reads sources; see cdctl plugins");
  }
  /// Whether a source of this kind takes the key `branch`.
  bool has_branches(const std::string& kind) {
    const auto* plugin = context_.plugin_host().offering("source", kind);
    if (!plugin) return false;
    return std::ranges::any_of(plugin->roles, [&](const plugins::RoleInfo& row) {
      return row.role == "source" && row.kind == kind &&
             std::ranges::find(row.keys, "branch") != row.keys.end();
    });
  }
  Result<> branch() {
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
  /// git check-ref-format: what a person could type by mistake.
  static bool valid_branch(const std::string& name) {
    return !name.starts_with('-') && std::ranges::none_of(name, [](char c) {
      return static_cast<unsigned char>(c) <= ' ' || c == 0x7f ||
             std::string_view("~^:?*[\\").contains(c);
    });
  }
  /// A folder of this machine whose files can be looked at (a bare repository has none).
  static bool work_tree(const std::string& address) {
    std::error_code error;
    return fs::exists(fs::path(address) / ".git", error) ||
           fs::exists(fs::path(address) / ".bzr", error);
  }
  /// A folder stays the same one wherever the configuration is read from.
  static std::string absolute(const std::string& address) {
    std::error_code error;
    return !address.empty() && !address.contains(':') && fs::exists(address, error)
               ? fs::absolute(address).lexically_normal().string()
               : address;
  }

  /// The engines that there are: what is embedded goes first.
  std::vector<std::string> engines() {
    auto out = context_.plugin_host().kinds("engine");
    std::ranges::stable_partition(out, [](const std::string& kind) { return kind == k_embedded; });
    return out;
  }
  /// What the command line names wrong is said before anything is asked.
  Result<> check_engine() {
    if (!args_.has("engine") || known(args_.value("engine"))) return {};
    return fail(ExitCode::usage, unknown_engine(args_.value("engine")) + "; see cdctl init --help");
  }
  bool known(const std::string& engine) {
    const auto all = engines();
    return std::ranges::find(all, engine) != all.end();
  }
  std::string unknown_engine(const std::string& engine) {
    return fmt::format("init: --engine '{}' is none of: {}", printable(engine, 40),
                       fmt::join(engines(), " "));
  }
  Result<> engine() {
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

  Context& context_;
  const Arguments& args_;
  const SetupPlugins& plugins_;
  FolderFacts facts_;
  Prompt prompt_;
  bool asks_;      ///< a person answers what must be known
  bool asks_all_;  ///< and what has a default
  bool adding_;
  InitAnswers answers_;
};

struct NewFile {
  fs::path path;
  std::string text;
  unsigned mode = 0644;
  bool secret = false;
};

/// cdctl.toml comes last: before it is there, a run that was killed is simply run again.
std::vector<NewFile> files_of(const InitAnswers& answers, const fs::path& folder, bool adding) {
  std::vector<NewFile> out;
  for (const auto& secret : answers.plugins.files) {
    if (secret.text.empty()) continue;
    // The folder of a secret tells git to leave it alone.
    out.push_back({folder / secret.path.parent_path() / ".gitignore", "*\n", 0644, false});
    out.push_back({folder / secret.path, secret.text, 0600, true});
  }
  out.push_back(
      {folder / "services.d" / (answers.service + ".toml"), service_text(answers), 0644, false});
  if (!adding) out.push_back({folder / "cdctl.toml", configuration_text(answers), 0644, false});
  return out;
}

Result<> write_files(Context& context, const std::vector<NewFile>& files, bool dry_run) {
  for (const auto& file : files) {
    bool made = true;
    if (!dry_run) {
      CDCTL_TRY(make_directories(file.path.parent_path(),
                                 file.path.parent_path().filename() == "secrets" ? 0700 : 0755));
      CDCTL_TRY_ASSIGN(made, make_new_file(file.path, file.text, file.mode));
      crash_point("init.file");
    }
    auto record =
        Json::object({{"schema", "cdctl.file/1"}, {"path", file.path.string()}, {"changed", made}});
    if (dry_run) record.set("dry_run", true);
    if (dry_run && !file.secret) record.set("text", file.text);
    context.out.write(record.set("time", to_rfc3339(now())));
  }
  return {};
}

/// The password goes only where nobody else can put something in its place: no link, no file or
/// folder that others may use.
Result<> refuse_shared(const fs::path& secret) {
  struct stat folder{}, file{};
  if (::lstat(secret.parent_path().c_str(), &folder) == 0 &&
      (!S_ISDIR(folder.st_mode) || folder.st_uid != ::geteuid() || (folder.st_mode & 022) != 0))
    return fail(ExitCode::refused,
                fmt::format("init: {} is no folder that you alone may write to, and a password "
                            "would go there; chmod go-w it, or move it away",
                            secret.parent_path().string()));
  if (::lstat(secret.c_str(), &file) == 0 &&
      (!S_ISREG(file.st_mode) || file.st_uid != ::geteuid() || (file.st_mode & 077) != 0))
    return fail(
        ExitCode::refused,
        fmt::format("init: {} is no file that you alone may read; chmod 600 it, or move it away",
                    secret.string()));
  return {};
}

/// Nothing is begun that would stop half-way: each file must be absent, or be the one that a killed
/// run has left.
Result<> refuse_taken(const std::vector<NewFile>& files) {
  for (const auto& file : files) {
    if (file.secret) CDCTL_TRY(refuse_shared(file.path));
    CDCTL_TRY_ASSIGN(const auto there, read_file_if_there(file.path));
    if (there && *there != file.text) {
      return fail(
          ExitCode::refused,
          fmt::format("init: {} is there already and stays as it is; edit it{}", file.path.string(),
                      file.path.parent_path().filename() == "services.d"
                          ? ", or give another --service"
                          : ", or move it away"));
    }
  }
  return {};
}

void say_next(Context& context, const fs::path& folder, const InitAnswers& answers) {
  std::error_code error;
  const auto here = fs::equivalent(folder, fs::current_path(error), error);
  context.out.note(
      fmt::format("next{}: cdctl doctor, then cdctl outdated, then cdctl outdated | cdctl deploy",
                  here ? "" : ", in " + folder.string()));
  if (answers.engine == k_embedded && answers.spec.empty() && answers.work_tree &&
      answers.processes.empty())
    context.out.note(
        fmt::format("{} has no Procfile yet; it needs one, with lines such as: worker: ./worker",
                    answers.trunk));
}

}  // namespace

int run_init(Context& context, const Arguments& args) {
  return actions::complete(context, [&]() -> Result<> {
    if (args.words.size() > 1)
      return fail(ExitCode::usage, "init: give one FOLDER at most; see cdctl init --help");
    std::error_code error;
    auto folder = fs::absolute(args.words.empty() ? "." : args.words.front()).lexically_normal();
    if (!folder.has_filename()) folder = folder.parent_path();
    const auto file = folder / "cdctl.toml";
    const bool adding = fs::exists(file, error);
    if (adding) CDCTL_TRY(context.load_config_file(file));
    const SetupPlugins plugins(context);
    const auto here = plugins.look_at(folder);
    Interview interview(context, args, plugins,
                        here.source.kind.empty() ? plugins.look_at(fs::current_path(error)) : here,
                        adding);
    CDCTL_TRY_ASSIGN(const auto answers, interview.run());
    const auto files = files_of(answers, folder, adding);
    CDCTL_TRY(refuse_taken(files));
    if (interview.asked() && !args.has("dry-run")) {
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
    }
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
