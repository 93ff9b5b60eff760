#include "core/land/test_run.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>

#include <fmt/format.h>
#include <pwd.h>
#include <unistd.h>

#include <cdctl/child.hpp>
#include <cdctl/fs.hpp>
#include <cdctl/stop.hpp>
#include <cdctl/text.hpp>

#include "core/land/isolation.hpp"
#include "core/land/passing_line.hpp"
#include "core/land/secrets.hpp"

namespace cdctl::land {

namespace fs = std::filesystem;

namespace {

using Clock = std::chrono::steady_clock;

constexpr int k_try_again = 75;      ///< EX_TEMPFAIL: the command says that it could not tell
constexpr int k_lost = 255;          ///< what ssh says when the other machine is gone
constexpr int k_killed = 128 + 9;    ///< by somebody else: the machine had no memory left
constexpr int k_told_to = 128 + 15;  ///< the same: the machine goes down
constexpr Millis k_first_look(500), k_longest_look(15'000);
constexpr Millis k_shown_each(200);
constexpr const char* k_staging = "refs/heads/staging";

bool may_use_network(const TargetConfig& target) {
  return target.table["verify"]["network"].as_bool();
}

/// A folder or file that a variable names: `FILE:/var/krb5/tickets` too.
void add_named(const char* variable, std::vector<fs::path>& to) {
  const char* value = std::getenv(variable);
  if (!value) return;
  std::string_view path(value);
  for (const std::string_view kind : {"FILE:", "DIR:"})
    if (path.starts_with(kind)) path.remove_prefix(kind.size());
  if (path.starts_with('/')) to.emplace_back(path);
}

/// Where the user's own files are, whatever $HOME says: sudo and units give another one.
fs::path home_of_user() {
  const auto* user = ::getpwuid(::geteuid());
  return user && user->pw_dir && user->pw_dir[0] == '/' ? fs::path(user->pw_dir) : fs::path();
}

/// Where a user's secrets are, and the sockets of services: who may use docker's has the machine.
/// Some systems have all their programs below /run: there it stays. Of two of which one holds the
/// other, the outer one. After them the files of `secrets`, wherever they are.
std::vector<fs::path> what_to_hide(const app::Context& context, const Secrets& secrets) {
  std::vector<fs::path> wanted{context.home(), context.config().file.parent_path(), "/tmp",
                               "/var/tmp", "/dev/shm"};
  const char* path = std::getenv("PATH");
  if (!path || !std::string_view(path).contains("/run/")) wanted.emplace_back("/run");
  if (auto home = home_of_user(); !home.empty()) wanted.push_back(std::move(home));
  for (const auto* name : {"HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_RUNTIME_DIR",
                           "GNUPGHOME", "SSH_AUTH_SOCK", "KRB5CCNAME", "CREDENTIALS_DIRECTORY"})
    add_named(name, wanted);
  std::vector<fs::path> out;
  for (auto& folder : wanted) {
    std::error_code error;
    auto real = fs::weakly_canonical(folder, error);
    const auto below = [&](const fs::path& inner, const fs::path& outer) {
      return std::ranges::mismatch(outer, inner).in1 == outer.end();
    };
    // What a command cannot do without stays.
    const bool needed =
        std::ranges::any_of(std::array{"/usr", "/bin", "/lib", "/etc", "/proc", "/dev"},
                            [&](const char* kept) { return below(kept, real); });
    if (error || real.empty() || needed) continue;
    if (std::ranges::any_of(out, [&](const fs::path& other) { return below(real, other); }))
      continue;
    std::erase_if(out, [&](const fs::path& other) { return below(other, real); });
    out.push_back(std::move(real));
  }
  out.insert(out.end(), secrets.files.begin(), secrets.files.end());
  return out;
}

std::map<std::string, std::string> environment_of(const TargetConfig& target,
                                                  const TestSubject& subject,
                                                  const fs::path& work) {
  const char* path = std::getenv("PATH");
  return {{"PATH", path && *path ? path : "/usr/local/bin:/usr/bin:/bin"},
          {"HOME", (work / "home").string()},
          {"TMPDIR", (work / "tmp").string()},
          {"LANG", "C.UTF-8"},
          {"CI", "true"},
          {"CDCTL_TARGET", target.name},
          {"CDCTL_PROPOSAL", subject.proposals.empty() ? "" : subject.proposals.back()},
          {"CDCTL_PROPOSALS", joined(subject.proposals, " ")},
          {"CDCTL_HEAD", subject.head.empty() ? subject.commit : subject.head},
          {"CDCTL_BASE", subject.base}};
}

/// `{work}` in the words of a wrapper.
std::vector<std::string> with_work(std::vector<std::string> words, const fs::path& work) {
  constexpr std::string_view k_work = "{work}";
  for (auto& word : words)
    for (std::size_t at = 0; (at = word.find(k_work, at)) != word.npos; at += work.string().size())
      word.replace(at, k_work.size(), work.string());
  return words;
}

std::string status_text(int status) {
  const auto meaning = meaning_of_status(status);
  return fmt::format("exit status {}{}{}{}", status, meaning.empty() ? "" : " (", meaning,
                     meaning.empty() ? "" : ")");
}

std::string staging_ref(const TargetConfig& target, const std::string& commit) {
  return fmt::format("{}/{}/{}", target.table["verify"]["staging"].as_string(k_staging),
                     target.name, commit.substr(0, 20));
}

class TestRun final : public Test {
 public:
  TestRun(app::Context& context, const TestResults& results, const TargetConfig& target,
          TestSubject subject, const TestOptions& options)
      : context_(context),
        results_(results),
        target_(target),
        subject_(std::move(subject)),
        options_(options),
        // The target's own commit is what a candidate was, mostly: its result is known by its id.
        keys_{test_key(target.name, subject_.tree, target.verify, may_use_network(target)),
              test_key(target.name, "commit " + subject_.commit, target.verify,
                       may_use_network(target))},
        give_up_(target.verify.limit + target.verify.grace) {
    if (subject_.tree.empty()) keys_[0] = keys_[1];
    name_ = subject_.head.empty() ? target.branch + " as it is" : joined(subject_.proposals, " ");
    if (target.verify.command.empty()) phase_ = Phase::statuses;
  }

  void step() override {
    if (Stop::requested() && phase_ != Phase::running && phase_ != Phase::over)
      return over(TestEnd::Kind::trouble, "it was stopped before it had ended");
    if (phase_ == Phase::command) begin();
    if (phase_ == Phase::running) watch();
    if (phase_ == Phase::statuses) ask();
  }
  const TestEnd* end() const override { return phase_ == Phase::over ? &end_ : nullptr; }
  void cancel() override {
    cancelled_ = true;
    if (phase_ == Phase::running) return sandbox_->stop();
    if (phase_ == Phase::statuses) forget_staged();
    if (phase_ != Phase::over) over(TestEnd::Kind::trouble, "it was not needed any more");
  }
  int fd() const override { return phase_ == Phase::running ? sandbox_->fd() : -1; }

 private:
  enum class Phase { command, running, statuses, over };

  void over(TestEnd::Kind kind, std::string why) {
    phase_ = Phase::over;
    end_.kind = kind;
    end_.why = std::move(why);
    lock_.reset();
    work_.reset();
    sandbox_.reset();
  }
  void trouble(const Error& error) {
    end_.error = error;
    over(TestEnd::Kind::trouble, error.what);
  }

  // ------------------------------------------------------------------ the command

  std::optional<TestResult> known() const {
    if (options_.again && !subject_.head.empty()) return {};
    auto found = results_.find(keys_[0]);
    return found ? found : results_.find(keys_[1]);
  }

  void begin() {
    if (take_known()) return;
    if (!lock_) {  // cron may have begun the same a minute ago: its result is ours
      auto lock = results_.lock(keys_[0]);
      if (!lock) return trouble(lock.error());
      lock_ = std::move(*lock);
      if (!lock_ && give_up_.passed())
        return trouble({ExitCode::unknown, "another run of this home is testing it"});
      if (!lock_ || take_known()) return;
    }
    begin_again();
  }

  /// What cannot be begun may be a candidate's own fault; what no file system takes is.
  void begin_again() {
    const auto started = start();
    if (started) return;
    if (unfit_) return over(TestEnd::Kind::failed, started.error().what);
    if (started.error().exit == ExitCode::config) return trouble(started.error());
    over(TestEnd::Kind::unsure, started.error().what);
  }

  bool take_known() {
    auto before = known();
    if (!before) return false;
    end_.remembered = true;
    (void)results_.keep(keys_[1], *before);  // another commit of the same tree
    judge(*before);
    return true;
  }

  Result<> start() {
    const auto& verify = target_.verify;
    if (!verify.wrapper.empty() && !find_program(verify.wrapper.front()))
      return fail(ExitCode::config,
                  fmt::format("verify.wrapper: there is no program {}; install it",
                              printable(verify.wrapper.front(), 80)));
    CDCTL_TRY_ASSIGN(auto* const repository, context_.repository(subject_.kind));
    work_.reset();
    CDCTL_TRY_ASSIGN(auto work, Workspace::make(context_.home() / "land" / "work"));
    work_.emplace(std::move(work));
    const auto& path = work_->path();
    const auto files =
        repository->checkout(target_, subject_.commit, path / "tree", Deadline(options_.timeout));
    unfit_ = !files && files.error().exit == ExitCode::failed;
    if (!files) return files;
    CDCTL_TRY_ASSIGN(const auto log, results_.new_log(target_.name));
    log_ = log;
    ++tries_;
    context_.progress(
        fmt::format("{}: testing {}; tail -f {}", target_.name, name_, log_.string()));
    const auto secrets = secrets_of(context_);
    CDCTL_TRY_ASSIGN(auto sandbox,
                     Sandbox::start({verify.command, with_work(verify.wrapper, path), path, log_,
                                     environment_of(target_, subject_, path),
                                     what_to_hide(context_, secrets), secrets.values, verify.limit,
                                     verify.silence, verify.grace, may_use_network(target_),
                                     sockets_in(read_file("/proc/net/unix").value_or(""))}));
    sandbox_.emplace(std::move(sandbox));
    started_ = Clock::now();
    phase_ = Phase::running;
    return {};
  }

  void watch() {
    if (Stop::requested() && !std::exchange(told_, true)) sandbox_->stop();
    if (!sandbox_->hear()) return show();
    const auto done = sandbox_->result();
    sandbox_.reset();
    if (!done) return over(TestEnd::Kind::unsure, done.error().what);
    read(*done);
  }

  /// Where it is, for who watches.
  void show() {
    if (Clock::now() - shown_ < k_shown_each) return;
    shown_ = Clock::now();
    const auto elapsed = std::chrono::duration_cast<Millis>(Clock::now() - started_);
    auto line = passing_line(fmt::format("{}: {}", target_.name, name_), log_,
                             {elapsed, target_.verify.limit, target_.verify.silence}, now());
    if (line == said_) return;
    context_.progress(line);
    said_ = std::move(line);
  }

  void read(const SandboxResult& done) {
    using enum SandboxResult::End;
    TestResult out{false,
                   {},
                   done.status,
                   tries_,
                   log_.string(),
                   done.isolation,
                   static_cast<double>(done.took.count()),
                   now()};
    if (!target_.verify.wrapper.empty()) out.isolation = {"wrapper"};
    end_.result = out;
    if (out.isolation.empty())
      context_.log(Level::warning,
                   fmt::format("{}: {} was tested without namespaces, which this machine does not "
                               "let us make: it could use the network and read our home",
                               target_.name, name_));
    if (!done.left.empty())
      context_.log(
          Level::warning,
          fmt::format("{}: {}: what its test has started could not be ended: {}; end it by "
                      "hand",
                      target_.name, name_, done.left));
    const auto unsure = [&](std::string_view why) {
      over(TestEnd::Kind::unsure, fmt::format("{}; its log is {}", why, log_.string()));
    };
    if (done.end == stopped || cancelled_)
      return over(TestEnd::Kind::trouble, "it was stopped before it had ended");
    const bool ended = done.end == exited;
    if (ended && done.status == k_try_again)
      return unsure("the command could not tell (exit status 75)");
    if (ended && done.status == k_killed)
      return unsure("the command was killed, as where no memory is left");
    if (ended && done.status == k_told_to)
      return unsure("the command was told to end by somebody else, as where a machine goes down");
    if (ended && done.status == k_lost && !target_.verify.wrapper.empty())
      return unsure("the wrapper lost its machine (exit status 255)");
    out.passed = ended && done.status == 0 && done.left.empty();
    if (!out.passed && done.disk_full) return unsure("no room was left on the disk");
    if (done.end == limit)
      out.why = fmt::format("it ran for more than {}", to_duration(target_.verify.limit));
    else if (done.end == silence)
      out.why = fmt::format("it hung: it said nothing for {}", to_duration(target_.verify.silence));
    else if (ended && done.status == 0 && !done.left.empty())
      out.why = "what it has started could not be ended: " + done.left;
    else if (!out.passed)
      out.why = status_text(done.status);
    if (!out.passed && done.left.empty() && tries_ <= target_.verify.retries)
      return try_again(out.why);
    if (tries_ > 1 && !out.passed) out.why += fmt::format(", {} times", tries_);
    crash_point("verify.tested");
    for (const auto& key : keys_)
      if (auto kept = results_.keep(key, out); !kept) return trouble(kept.error());
    crash_point("verify.remembered");
    judge(out);
  }

  void try_again(std::string_view why) {
    context_.log(Level::note, fmt::format("{}: {}: {}; trying again, {} of {}", target_.name, name_,
                                          why, tries_ + 1, target_.verify.retries + 1));
    begin_again();
  }

  void judge(const TestResult& result) {
    end_.result = result;
    if (!result.passed) return over(TestEnd::Kind::failed, "tests: " + result.why);
    if (target_.verify.statuses.empty()) return over(TestEnd::Kind::passed, {});
    work_.reset();
    lock_.reset();
    phase_ = Phase::statuses;
  }

  // ------------------------------------------------------------------ statuses

  /// Looks once, when it is time to.
  void ask() {
    if (Clock::now() < next_look_) return;
    auto forge = context_.forge(target_.forge);
    const auto said = forge
                          ? (*forge)->statuses(target_, subject_.commit, Deadline(options_.timeout))
                          : fail(std::move(forge.error()));
    if (!said && (said.error().exit == ExitCode::usage || said.error().exit == ExitCode::config))
      return trouble({ExitCode::config, said.error().what});
    const bool decided = said && weigh(*said);
    if (decided) return forget_staged();
    if (!said) pending_ = said.error().what;
    if (auto shown = stage(); !shown) return trouble(shown.error());
    if (now() - since_ >= target_.verify.limit) {
      if (!said) trouble({ExitCode::unknown, "statuses: " + said.error().what});
      if (said)
        over(TestEnd::Kind::waiting,
             fmt::format("statuses: {} after {}", pending_, to_duration(target_.verify.limit)));
      return forget_staged();
    }
    context_.progress(fmt::format("{}: {}: waiting for {}", target_.name, name_, pending_));
    next_look_ = Clock::now() + look_;
    look_ = std::min(look_ * 2, k_longest_look);
  }

  /// True when they decide. A name that nobody has set is pending; it is never a pass.
  bool weigh(const std::vector<CommitStatus>& said) {
    std::vector<std::string> open;
    for (const auto& name : target_.verify.statuses) {
      const auto at = std::ranges::find(said, name, &CommitStatus::name);
      if (at == said.end()) {
        open.push_back(name + " was not set by anybody");
      } else if (at->state == CommitStatus::State::failed) {
        over(TestEnd::Kind::failed,
             fmt::format("statuses: {} failed{}{}", name, at->text.empty() ? "" : ": ",
                         printable(at->text, 120)));
        return true;
      } else if (at->state == CommitStatus::State::pending) {
        open.push_back(name + " is pending");
      }
    }
    pending_ = joined(open);
    if (!open.empty()) return false;
    over(TestEnd::Kind::passed, {});
    return true;
  }

  /// Shows the commit to the CI, once; a run that was killed may have done so.
  Result<> stage() {
    if (staged_) return {};
    CDCTL_TRY_ASSIGN(auto* const repository, context_.repository(subject_.kind));
    const auto before = results_.note("staged", subject_.commit);
    since_ = before ? parse_rfc3339((*before)["since"].view()).value_or(now()) : now();
    CDCTL_TRY(results_.keep_note("staged", subject_.commit,
                                 Json::object({{"target", target_.name},
                                               {"kind", subject_.kind},
                                               {"commit", subject_.commit},
                                               {"ref", staging_ref(target_, subject_.commit)},
                                               {"since", to_rfc3339(since_)}})));
    crash_point("verify.noted");
    CDCTL_TRY(repository->stage(target_, staging_ref(target_, subject_.commit), subject_.commit,
                                Deadline(options_.timeout)));
    crash_point("verify.staged");
    staged_ = true;
    return {};
  }

  /// What goes wrong here hurts nobody: a later run sweeps.
  void forget_staged() {
    if (!results_.note("staged", subject_.commit)) return;
    auto repository = context_.repository(subject_.kind);
    const auto gone = repository ? (*repository)
                                       ->stage(target_, staging_ref(target_, subject_.commit), {},
                                               Deadline(options_.timeout))
                                 : fail(std::move(repository.error()));
    if (gone)
      results_.forget_note("staged", subject_.commit);
    else
      context_.log(Level::warning,
                   fmt::format("{}: removing the branch {}: {}", target_.name,
                               staging_ref(target_, subject_.commit), gone.error().what));
  }

  app::Context& context_;
  const TestResults& results_;
  const TargetConfig& target_;
  TestSubject subject_;
  TestOptions options_;
  std::array<std::string, 2> keys_;
  Deadline give_up_;
  std::string name_;
  Phase phase_ = Phase::command;
  TestEnd end_;
  bool cancelled_ = false, told_ = false;
  bool unfit_ = false;  ///< its files cannot be checked out anywhere
  std::optional<FileLock> lock_;
  std::optional<Workspace> work_;
  std::optional<Sandbox> sandbox_;
  fs::path log_;
  unsigned tries_ = 0;
  Clock::time_point started_{}, shown_{}, next_look_{};
  std::string said_;  ///< of that, to who watches
  Millis look_ = k_first_look;
  std::string pending_;
  bool staged_ = false;
  Time since_;
};

}  // namespace

std::unique_ptr<Test> begin_test(app::Context& context, const TestResults& results,
                                 const TargetConfig& target, TestSubject subject,
                                 const TestOptions& options) {
  return std::make_unique<TestRun>(context, results, target, std::move(subject), options);
}

void sweep_staged(app::Context& context, const TestResults& results, Millis timeout) {
  for (const auto& note : results.notes("staged")) {
    const auto* target = context.config().target(note["target"].view());
    const auto since = parse_rfc3339(note["since"].view());
    if (!target || !since || now() - *since < 2 * target->verify.limit) continue;
    auto repository = context.repository(note["kind"].as_string());
    if (repository && (*repository)->stage(*target, note["ref"].as_string(), {}, Deadline(timeout)))
      results.forget_note("staged", note["commit"].as_string());
  }
}

}  // namespace cdctl::land
