#include "core/land/verify.hpp"

#include <algorithm>
#include <cstdlib>

#include <fmt/format.h>

#include <cdctl/fs.hpp>
#include <cdctl/stop.hpp>
#include <cdctl/text.hpp>

#include "core/land/message.hpp"
#include "core/land/sandbox.hpp"
#include "core/land/seal.hpp"
#include "core/land/workspace.hpp"

namespace cdctl::land {

namespace fs = std::filesystem;

namespace {

constexpr int k_try_again = 75;    ///< EX_TEMPFAIL: the command says that it could not tell
constexpr int k_killed = 128 + 9;  ///< by somebody else: the machine had no memory left

void say(records::Candidate& candidate, std::string_view verdict, std::string why = {}) {
  candidate.verdict = verdict;
  candidate.why = std::move(why);
}

bool may_use_network(const TargetConfig& target) {
  return target.table["verify"]["network"].as_bool();
}

/// Where a user's secrets are. Of two of which one holds the other, the outer one.
std::vector<fs::path> folders_to_hide(const app::Context& context) {
  std::vector<fs::path> wanted{context.home(), context.config().file.parent_path(), "/tmp",
                               "/var/tmp"};
  for (const auto* name : {"HOME", "XDG_RUNTIME_DIR"})
    if (const char* value = std::getenv(name); value && *value == '/') wanted.emplace_back(value);
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
                            [&](const char* path) { return below(path, real); });
    if (error || real.empty() || needed) continue;
    if (std::ranges::any_of(out, [&](const fs::path& other) { return below(real, other); }))
      continue;
    std::erase_if(out, [&](const fs::path& other) { return below(other, real); });
    out.push_back(std::move(real));
  }
  return out;
}

std::map<std::string, std::string> environment_of(const records::Candidate& candidate,
                                                  const fs::path& work) {
  const char* path = std::getenv("PATH");
  return {{"PATH", path && *path ? path : "/usr/local/bin:/usr/bin:/bin"},
          {"HOME", (work / "home").string()},
          {"TMPDIR", (work / "tmp").string()},
          {"LANG", "C.UTF-8"},
          {"CI", "true"},
          {"CDCTL_TARGET", candidate.target},
          {"CDCTL_PROPOSAL", candidate.proposal},
          {"CDCTL_HEAD", candidate.head},
          {"CDCTL_BASE", candidate.base}};
}

std::string files_in(const std::vector<std::string>& conflicts) {
  constexpr std::size_t k_most = 5;
  const std::span all(conflicts);
  std::vector<std::string> shown;
  for (const auto& file : all.first(std::min(all.size(), k_most)))
    shown.push_back(printable(file, 80));
  return joined(shown) +
         (all.size() > k_most ? fmt::format(" and {} more", all.size() - k_most) : "");
}

}  // namespace

MergeRequest merge_request(const records::Candidate& candidate, std::string onto) {
  const Person who{"cdctl", candidate.committer};
  return {.url = candidate.url,
          .ref = candidate.ref,
          .head = candidate.head,
          .onto = std::move(onto),
          .message = candidate.message,
          .author = who,
          .committer = who,
          .at = candidate.at.value_or(Time())};
}

Verifier::Verifier(app::Context& context, const VerifyOptions& options)
    : context_(context), options_(options), results_(context.home() / "land") {
  results_.forget_old();
}

Result<records::Candidate> Verifier::verify(records::Candidate candidate) {
  const auto* target = context_.config().target(candidate.target);
  if (!target)
    return fail(ExitCode::config, fmt::format("there is no target '{}' in targets.d",
                                              printable(candidate.target, 60)));
  CDCTL_TRY_ASSIGN(const auto key, seal_key(context_));
  candidate.by = context_.actor();
  if (candidate.verdict == "ready") CDCTL_TRY(merge_and_test(*target, candidate));
  candidate.seal = seal_of(key, *target, candidate);
  return candidate;
}

Result<> Verifier::merge_and_test(const TargetConfig& target, records::Candidate& candidate) {
  const auto& chain = chains_[target.name];
  for (const auto& one : candidate.after)
    if (one.state != "landed" && !chain.passed.contains(one.proposal)) {
      say(candidate, "waiting", fmt::format("prerequisite: {} has not passed", one.proposal));
      return {};
    }
  if (!merge(target, candidate)) return {};
  crash_point("verify.merged");
  CDCTL_TRY(test(target, candidate));
  if (candidate.verdict != "verified") return {};
  auto& ahead = chains_[target.name];
  ahead.tip = candidate.commit;
  ahead.last = candidate.proposal;
  ahead.passed.insert(candidate.proposal);
  return {};
}

/// False when there is nothing to test; the candidate says why.
bool Verifier::merge(const TargetConfig& target, records::Candidate& candidate) {
  const auto& chain = chains_[target.name];
  candidate.message = message_of(target, candidate);
  candidate.committer = context_.actor();
  candidate.at = std::chrono::floor<std::chrono::seconds>(now());
  context_.progress(fmt::format("{}: merging {}", target.name, candidate.proposal));
  auto repository = context_.repository(candidate.kind);
  auto made = repository ? (*repository)
                               ->merge(target, merge_request(candidate, chain.tip),
                                       Deadline(options_.timeout))
                         : fail(std::move(repository.error()));
  if (!made) {
    // That its head has moved is for the next gate; that nobody could be asked, for the next run.
    say(candidate, made.error().exit == ExitCode::failed ? "waiting" : "deferred",
        fmt::format("merging: {}", made.error().what));
    if (candidate.verdict == "deferred")
      context_.report(made.error().in(target.name + ": merging " + candidate.proposal));
    return false;
  }
  candidate.base = made->base;
  candidate.commit = made->commit;
  candidate.tree = made->tree;
  candidate.conflicts = made->conflicts;
  if (made->merged) {
    say(candidate, "merged", target.branch + " has it already");
  } else if (!made->conflicts.empty() && !chain.tip.empty()) {
    say(candidate, "waiting",
        fmt::format("conflicts with what is ahead of it, up to {}, in {}", chain.last,
                    files_in(made->conflicts)));
  } else if (!made->conflicts.empty()) {
    say(candidate, "rejected",
        fmt::format("conflict: with {} in {}", target.branch, files_in(made->conflicts)));
  }
  return !candidate.commit.empty();
}

Result<> Verifier::test(const TargetConfig& target, records::Candidate& candidate) {
  candidate.command = target.verify.command;
  const auto key = test_key(candidate.tree, target.verify, may_use_network(target));
  const auto known = [&] { return options_.again ? std::nullopt : results_.find(key); };
  auto before = known();
  std::optional<FileLock> lock;
  if (!before) {  // cron may have begun the same a minute ago: its result is ours
    CDCTL_TRY_ASSIGN(lock, results_.lock(key, Deadline(target.verify.limit + target.verify.grace)));
    before = known();
    if (!before && !lock) {
      say(candidate, "deferred", "another run of this home is testing it");
      context_.note_exit(ExitCode::unknown);
      return {};
    }
  }
  if (before) {
    judge(candidate, *before, true);
    return {};
  }
  const auto result = run(target, candidate);
  if (!result) {
    say(candidate, "deferred", result.error().what);
    context_.report(result.error().in(target.name + ": testing " + candidate.proposal));
    return {};
  }
  crash_point("verify.tested");
  CDCTL_TRY(results_.keep(key, *result));
  crash_point("verify.remembered");
  judge(candidate, *result, false);
  return {};
}

void Verifier::judge(records::Candidate& candidate, const TestResult& result, bool remembered) {
  candidate.exit_status = result.status;
  candidate.log = result.log;
  candidate.isolation = result.isolation;
  candidate.took_ms = result.took_ms;
  candidate.remembered = remembered;
  if (result.passed)
    say(candidate, "verified");
  else
    say(candidate, "rejected", "tests: " + result.why);
}

Result<TestResult> Verifier::run(const TargetConfig& target, records::Candidate& candidate) {
  CDCTL_TRY_ASSIGN(auto* const repository, context_.repository(candidate.kind));
  CDCTL_TRY_ASSIGN(const auto work, Workspace::make(context_.home() / "land" / "work"));
  CDCTL_TRY(repository->checkout(target, candidate.commit, work.path() / "tree",
                                 Deadline(options_.timeout)));
  CDCTL_TRY_ASSIGN(const auto log, results_.new_log(target.name));
  context_.progress(
      fmt::format("{}: testing {}; tail -f {}", target.name, candidate.proposal, log.string()));
  const auto& verify = target.verify;
  CDCTL_TRY_ASSIGN(
      const auto done,
      run_in_sandbox({verify.command, work.path(), log, environment_of(candidate, work.path()),
                      folders_to_hide(context_), verify.limit, verify.silence, verify.grace,
                      may_use_network(target)}));
  if (done.isolation.empty())
    context_.log(Level::warning,
                 fmt::format("{}: {} was tested without namespaces, which this machine does not "
                             "let us make: it could use the network and read our home",
                             target.name, candidate.proposal));
  candidate.log = log.string();
  TestResult out{
      false, {}, done.status, log.string(), done.isolation, static_cast<double>(done.took.count()),
      now()};
  using enum SandboxResult::End;
  if (done.end == stopped) return fail(ExitCode::unknown, "it was stopped before it had ended");
  if (done.end == exited && done.status == k_try_again)
    return fail(ExitCode::unknown, fmt::format("the command could not tell (exit status 75); its "
                                               "log is {}",
                                               log.string()));
  if (done.end == exited && done.status == k_killed)
    return fail(ExitCode::unknown,
                fmt::format("the command was killed, as where no memory is left; its log is {}",
                            log.string()));
  out.passed = done.end == exited && done.status == 0;
  if (done.end == limit)
    out.why = fmt::format("it ran for more than {}", to_duration(verify.limit));
  else if (done.end == silence)
    out.why = fmt::format("it hung: it said nothing for {}", to_duration(verify.silence));
  else if (!out.passed)
    out.why = fmt::format("exit status {}", done.status);
  return out;
}

}  // namespace cdctl::land
