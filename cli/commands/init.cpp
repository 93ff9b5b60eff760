#include <algorithm>

#include <fmt/format.h>
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
#include "cli/setup/init_look.hpp"
#include "cli/setup/init_text.hpp"
#include "cli/setup/new_file.hpp"
#include "core/actions/outcome.hpp"
#include "core/records/file.hpp"

namespace cdctl::cli {

namespace fs = std::filesystem;

namespace {

std::unexpected<Error> missing(std::string_view option) {
  return fail(ExitCode::usage, fmt::format("init: {} is missing, and standard input is no terminal "
                                           "to ask; give it, or --yes to take what is found",
                                           option));
}

/// Whether the options say all that a configuration cannot be made without: the rest has defaults
/// that nobody need be asked for.
bool says_enough(const Arguments& args, bool adding) {
  return args.has("service") && args.has("trunk") && (adding || args.has("broker"));
}

/// Settles one answer after the other: from its option, from a person, or with --yes from what was
/// found.
class Interview {
 public:
  Interview(Context& context, const Arguments& args, FolderFacts facts, bool adding)
      : context_(context),
        args_(args),
        facts_(std::move(facts)),
        prompt_(context.out),
        asks_(Prompt::possible() && !args.has("yes")),
        asks_all_(asks_ && !says_enough(args, adding)),
        adding_(adding) {}

  Result<InitAnswers> run() {
    CDCTL_TRY(service());
    CDCTL_TRY(sources());
    CDCTL_TRY(engine());
    if (adding_)
      broker_of_before();
    else
      CDCTL_TRY(broker());
    if (!answers_.broker.management.empty()) CDCTL_TRY(queues());
    return std::move(answers_);
  }
  /// Whether a person was led through questions, and is to agree at the end.
  [[nodiscard]] bool asked() const { return asks_all_; }

 private:
  Result<std::string> settle(const char* option, std::string_view question,
                             const std::string& found, bool needed = true) {
    if (args_.has(option)) return args_.value(option);
    if (asks_) return prompt_.line(question, found);
    if (needed && (!args_.has("yes") || found.empty())) return missing("--" + std::string(option));
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
    const auto found = facts_.manifest ? std::string() : facts_.url;
    CDCTL_TRY_ASSIGN(answers_.trunk,
                     settle("trunk", "Trunk: its repository, URL or folder", found));
    if (answers_.trunk.empty())
      return fail(ExitCode::usage, "init: a service needs a trunk; give --trunk URL");
    answers_.trunk_kind =
        answers_.trunk == facts_.url ? facts_.kind : kind_of_address(answers_.trunk);
    answers_.trunk = absolute(answers_.trunk);
    CDCTL_TRY(branch());
    answers_.work_tree = work_tree(answers_.trunk);
    if (answers_.trunk == facts_.url)
      answers_.processes = facts_.processes;
    else if (answers_.work_tree)
      answers_.processes = processes_in(answers_.trunk);
    if (args_.has("spec") || facts_.manifest) {
      CDCTL_TRY_ASSIGN(const auto spec,
                       settle("spec", "Mojo spec: its repository, URL or folder", facts_.url));
      answers_.spec = absolute(spec);
      answers_.spec_kind = kind_of_address(answers_.spec);
    }
    for (const auto* address : {&answers_.trunk, &answers_.spec})
      if (const auto url = parse_url(*address); url && !url->password.empty())
        return fail(ExitCode::usage,
                    "init: the address of a repository may hold no password; let git ask its "
                    "credential helper, or use ssh");
    return {};
  }
  Result<> branch() {
    const auto found = answers_.trunk == facts_.url ? facts_.branch : std::string();
    for (answers_.branch = args_.value("branch", found);;) {
      const bool asked = asks_all_ && !args_.has("branch") && answers_.trunk_kind == "git";
      if (asked) {
        CDCTL_TRY_ASSIGN(answers_.branch, prompt_.line("Branch (empty: the default one)", found));
      }
      if (valid_branch(answers_.branch)) return {};
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

  Result<> engine() {
    answers_.engine = args_.value("engine", facts_.bundle ? "juju" : "local");
    if (!args_.has("engine") && asks_all_ && facts_.bundle) {
      CDCTL_TRY_ASSIGN(answers_.engine,
                       prompt_.line("Engine, local or juju (there is a bundle.yaml)", "juju"));
    }
    if (answers_.engine == "local" || answers_.engine == "juju") return {};
    return fail(ExitCode::usage, fmt::format("init: --engine '{}' is none of: local juju",
                                             printable(answers_.engine, 40)));
  }

  /// The configuration is there already: a broker it names is the service's, too.
  void broker_of_before() {
    if (args_.has("broker"))
      context_.out.warning(
          "--broker is left aside: cdctl.toml is there already and stays as it is");
    answers_.broker.management = context_.config().table["rabbit"]["management"].as_string();
  }

  Result<> broker() {
    auto word = args_.value("broker");
    if (word.empty() && asks_) {
      const auto found = broker_nearby(context_);
      CDCTL_TRY_ASSIGN(word, prompt_.line("RabbitMQ: its management API, or none",
                                          found.empty() ? "none" : found));
    }
    if (word.empty() || word == "none") return {};
    auto& broker = answers_.broker;
    CDCTL_TRY(read_address(word, broker));
    const auto user = broker.user;
    for (int tries = 0;; ++tries) {
      CDCTL_TRY(login(user));
      const auto reply = ask_broker(context_, broker);
      if (reply.reached && !reply.login) {
        const auto refused = fmt::format("the broker at {} refused the login of {}",
                                         broker.management, printable(broker.user, 60));
        if (!asks_ || args_.has("password-file") || tries == 2)
          return fail(ExitCode::config,
                      "init: " + refused + "; check the user in --broker, and --password-file");
        context_.out.warning(refused + "; once more");
        continue;
      }
      return note_reply(reply);
    }
  }

  Result<> login(const std::string& user) {
    auto& broker = answers_.broker;
    if (user.empty() && !asks_)
      return fail(ExitCode::usage, "init: --broker names no user; say it as http://USER@HOST:PORT");
    if (user.empty()) {
      CDCTL_TRY_ASSIGN(broker.user,
                       prompt_.line("A user of the broker with the tag administrator", "cdctl"));
    }
    if (args_.has("password-file")) {
      CDCTL_TRY_ASSIGN(broker.password, read_file(args_.value("password-file"), 1 << 16));
      broker.password.resize(
          std::min(broker.password.find_first_of("\r\n"), broker.password.size()));
    } else if (asks_) {
      CDCTL_TRY_ASSIGN(broker.password,
                       prompt_.secret("Password of " + printable(broker.user, 60)));
    } else {
      return missing("--password-file");
    }
    return {};
  }

  Result<> note_reply(const BrokerReply& reply) {
    auto& broker = answers_.broker;
    if (!reply.reached)
      context_.out.warning(
          fmt::format("{} does not answer now: {}; cdctl doctor will say when it does",
                      broker.management, reply.trouble));
    if (!reply.administrator)
      context_.out.warning(fmt::format(
          "{} is no administrator of the broker: rabbitmqctl set_user_tags {} administrator",
          printable(broker.user, 60), printable(broker.user, 60)));
    const auto url = parse_url(broker.management);
    const auto host = url ? (url->host.contains(':') ? "[" + url->host + "]" : url->host)
                          : std::string("127.0.0.1");
    const auto found = fmt::format("amqp://{}:{}", host, reply.amqp_port);
    broker.amqp = found;
    while (asks_all_) {
      CDCTL_TRY_ASSIGN(broker.amqp, prompt_.line("Its AMQP address, for the workers too", found));
      const auto amqp = parse_url(broker.amqp);
      if (amqp && amqp->scheme.starts_with("amqp") && amqp->password.empty()) break;
      context_.out.warning(
          "that is no address such as amqp://127.0.0.1:5672, without user and password");
    }
    return {};
  }

  Result<> queues() {
    auto text = answers_.service;
    if (asks_all_) {
      CDCTL_TRY_ASSIGN(text,
                       prompt_.line("Queues of its workers, blanks between", answers_.service));
    }
    for (std::string_view rest = text; !rest.empty();) {
      const auto blank = std::min(rest.find(' '), rest.size());
      if (blank > 0) answers_.queues.emplace_back(rest.substr(0, blank));
      rest.remove_prefix(std::min(blank + 1, rest.size()));
    }
    return {};
  }

  Context& context_;
  const Arguments& args_;
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
  if (!adding && !answers.broker.management.empty()) {
    out.push_back({folder / "secrets/.gitignore", "*\n", 0644, false});
    out.push_back({folder / k_password_file, answers.broker.password + "\n", 0600, true});
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
    records::FileRecord record;
    record.path = file.path.string();
    record.changed = made;
    record.dry_run = dry_run;
    if (dry_run && !file.secret) record.text = file.text;
    record.time = now();
    context.out.write(records::encode(record));
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
  if (answers.engine == "local" && answers.spec.empty() && answers.work_tree &&
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
    const auto here = look_at(folder);
    Interview interview(context, args, here.kind.empty() ? look_at(fs::current_path(error)) : here,
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
      remove_drafts(folder / k_password_file);  // also when this run writes no password
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
