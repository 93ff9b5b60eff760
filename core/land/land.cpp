#include "core/land/land.hpp"

#include <algorithm>
#include <filesystem>
#include <vector>

#include <fmt/format.h>

#include <cdctl/fs.hpp>
#include <cdctl/lock.hpp>
#include <cdctl/stop.hpp>
#include <cdctl/text.hpp>

#include "core/land/results.hpp"
#include "core/land/seal.hpp"
#include "core/land/target_outcome.hpp"
#include "core/land/verify.hpp"

namespace cdctl::land {

namespace fs = std::filesystem;

namespace {

/// What is about to be pushed, in the home: `land/begun/COMMIT.json`.
class Begun {
 public:
  explicit Begun(const app::Context& context) : folder_(context.home() / "land" / "begun") {}

  Result<> note(const records::Candidate& candidate) const {
    CDCTL_TRY(make_directories(folder_, 0700));
    return write_file_atomically(file(candidate), records::encode(candidate).dump() + "\n", 0600);
  }
  void forget(const records::Candidate& candidate) const {
    std::error_code error;
    fs::remove(file(candidate), error);
  }
  [[nodiscard]] bool has(const records::Candidate& candidate) const {
    std::error_code error;
    return fs::exists(file(candidate), error);
  }
  [[nodiscard]] std::vector<records::Candidate> all() const {
    std::vector<fs::path> files;
    std::error_code error;
    for (fs::directory_iterator at(folder_, error), end; !error && at != end; at.increment(error))
      if (at->path().extension() == ".json") files.push_back(at->path());
    std::ranges::sort(files);
    std::vector<records::Candidate> out;
    for (const auto& path : files) {
      const auto text = read_file_if_there(path);
      const auto json = text && *text ? Json::parse(**text) : Result<Json>(fail("gone"));
      if (json) out.push_back(records::decode<records::Candidate>(*json));
    }
    std::ranges::stable_sort(out, {},
                             [](const records::Candidate& one) { return one.at.value_or(Time()); });
    return out;
  }

 private:
  [[nodiscard]] fs::path file(const records::Candidate& candidate) const {
    // A commit's id, or what somebody has written in its place.
    auto name = candidate.commit;
    std::erase_if(name, [](char c) { return !(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'f'); });
    return folder_ / (name + ".json");
  }

  fs::path folder_;
};

/// The landing of one candidate.
class Landing {
 public:
  Landing(app::Context& context, const LandOptions& options, const TargetConfig& target,
          const records::Candidate& candidate)
      : context_(context),
        options_(options),
        target_(target),
        candidate_(candidate),
        begun_(context),
        deadline_(options.timeout),
        outcome_(context, "land", target.name, candidate.proposal, options.dry_run) {
    outcome_.set("head", candidate.head);
    outcome_.set("title", candidate.title);
    std::vector<std::string> authors;
    for (const auto& person : candidate.authors)
      authors.push_back(person.email.empty() ? person.name : person.email);
    outcome_.set("authors", Json::strings(authors));
    outcome_.set("reviewers", Json::strings(candidate.reviewers));
  }

  /// `again`: it was begun by a run that was killed.
  void run(bool again) {
    const auto done = decide(again);
    // Nobody has said whether it landed: the next run asks again.
    const bool open =
        !done && (done.error().exit == ExitCode::unknown || done.error().exit == ExitCode::timeout);
    if (!done) {
      verdict("deferred", done.error().what);
      outcome_.fail_with(done.error());
    }
    if (done || !again) outcome_.write();  // what did not land then is offered anew
    crash_point("land.written");
    if (!open && !options_.dry_run) begun_.forget(candidate_);
  }

  /// Refuses what nobody we trust has verified.
  Result<> check() const {
    CDCTL_TRY_ASSIGN(const auto key, seal_key(context_));
    if (candidate_.seal.empty())
      return fail(ExitCode::refused, "it was not verified: put cdctl verify before land");
    if (!seal_holds(key, target_, candidate_))
      return fail(
          ExitCode::refused,
          "its seal does not hold: it was verified in a home of another key, for another "
          "repository, or changed since; verify it here, or give both homes one land.key_file");
    return {};
  }

 private:
  void verdict(std::string_view word, std::string_view why) {
    outcome_.set("verdict", word);
    outcome_.why(why);
  }

  Result<> decide(bool again) {
    CDCTL_TRY(check());
    if (candidate_.verdict == "waiting") return verdict("waiting", candidate_.why), Result<>();
    if (candidate_.verdict == "deferred") return fail(ExitCode::unknown, candidate_.why);
    if (candidate_.verdict == "rejected") return reject();
    if (candidate_.verdict == "merged") return clear_merged();
    if (candidate_.verdict != "verified")
      return fail(ExitCode::refused, "it was not verified: put cdctl verify before land");
    return push(again);
  }

  /// Says on the proposal why it does not land; that is all that becomes of it.
  Result<> reject() {
    verdict("rejected", candidate_.why);
    outcome_.fail_with({ExitCode::failed, candidate_.why});
    if (options_.dry_run) return {};
    ProposalReport report;
    report.state = ProposalReport::State::rejected;
    report.head = candidate_.head;
    report.summary = fmt::format("Not landed on {}: {}", target_.branch, candidate_.why);
    report.text = candidate_.log.empty() ? std::string() : last_lines(candidate_.log);
    auto forge = context_.forge(target_.forge);
    const auto told = forge ? (*forge)->report(target_, candidate_.proposal, report, deadline_)
                            : fail(std::move(forge.error()));
    if (told)
      outcome_.changed(*told);
    else
      warn("its author was not told", told.error());
    return {};
  }

  Result<> clear_merged() {
    verdict("landed", target_.branch + " had it already");
    clear();
    return {};
  }

  Result<> push(bool again) {
    outcome_.set("base", candidate_.base);
    if (options_.dry_run) {
      outcome_.changed();
      outcome_.set("commit", candidate_.commit);
      outcome_.set("tree", candidate_.tree);
      verdict("landed", "");
      return {};
    }
    CDCTL_TRY(begun_.note(candidate_));
    crash_point("land.noted");
    CDCTL_TRY_ASSIGN(const auto answer, ask());
    return judge(answer, again);
  }

  /// By the forge's own call, or by a push.
  Result<LandAnswer> ask() {
    const bool here = candidate_.url.empty();
    const LandRequest request{candidate_.commit, candidate_.tree, candidate_.base,
                              candidate_.ref,    candidate_.head, target_.remove_branch && here};
    CDCTL_TRY_ASSIGN(auto* const forge, context_.forge(target_.forge));
    CDCTL_TRY_ASSIGN(auto own, forge->land(target_, candidate_.proposal, request, deadline_));
    if (own) return std::move(*own);
    CDCTL_TRY_ASSIGN(auto* const repository, context_.repository(candidate_.kind));
    auto answer = repository->land(target_, request, deadline_);
    if (answer || answer.error().reason != Reason::not_there) return answer;
    // It was verified in another home: the same merge gives the same commit.
    CDCTL_TRY_ASSIGN(
        const auto made,
        repository->merge(target_, merge_request(candidate_, candidate_.base), deadline_));
    if (made.commit != candidate_.commit)
      return fail(ExitCode::refused,
                  fmt::format("the merge made here is {}, not {}, which was verified",
                              made.commit.empty() ? "none" : made.commit, candidate_.commit));
    return repository->land(target_, request, deadline_);
  }

  Result<> judge(const LandAnswer& answer, bool again) {
    using enum LandAnswer::State;
    switch (answer.state) {
      case landed:
      case there:
        break;
      case target_moved:
        return fail(ExitCode::refused,
                    fmt::format("{} has moved from {} to {} since it was merged; verify it again",
                                target_.branch, candidate_.base, answer.tip));
      case proposal_moved:
        return fail(ExitCode::refused, fmt::format("it is not at {} any more: what was verified is "
                                                   "not what is proposed",
                                                   candidate_.head));
      case refused:
        return fail(ExitCode::refused,
                    fmt::format("the repository did not take it: {}", answer.why));
    }
    if (answer.state == there && answer.tree.empty()) {
      verdict("landed", fmt::format("{} has it by another merge", target_.branch));
      clear();
      return {};
    }
    outcome_.set("commit", candidate_.commit);
    outcome_.set("tree", answer.tree);
    if (answer.tree != candidate_.tree)
      return fail(ExitCode::failed,
                  fmt::format("{} has the tree {}, and {} was verified: look at it at once",
                              target_.branch, answer.tree, candidate_.tree));
    verdict("landed", answer.state == there
                          ? again ? "by a run that was killed" : target_.branch + " had it already"
                          : "");
    outcome_.changed(answer.state == landed || again);
    if (!answer.why.empty())
      context_.log(Level::warning, fmt::format("{}: the branch of {} stays: {}", target_.name,
                                               candidate_.proposal, answer.why));
    crash_point("land.read-back");
    clear();
    return {};
  }

  /// Removes what is left of the proposal. It has landed: what goes wrong here is a warning.
  void clear() {
    if (!target_.remove_branch || options_.dry_run) return;
    auto forge = context_.forge(target_.forge);
    const auto cleared =
        forge ? (*forge)->clear(target_, candidate_.proposal, candidate_.head, deadline_)
              : fail(std::move(forge.error()));
    if (cleared)
      outcome_.changed(*cleared);
    else
      warn("what is left of it was not removed", cleared.error());
  }

  void warn(std::string_view what, const Error& error) {
    context_.log(Level::warning, fmt::format("{}: {}: {}: {}", target_.name, candidate_.proposal,
                                             what, error.what));
  }

  app::Context& context_;
  const LandOptions& options_;
  const TargetConfig& target_;
  const records::Candidate& candidate_;
  Begun begun_;
  Deadline deadline_;
  TargetOutcome outcome_;
};

/// One lander of a home at a time works on a target. Others need no lock: the target's own lease
/// decides between them.
Result<FileLock> lock_target(const app::Context& context, const std::string& target,
                             const Deadline& deadline) {
  const auto folder = context.home() / "land";
  CDCTL_TRY(make_directories(folder, 0700));
  CDCTL_TRY_ASSIGN(auto lock, FileLock::acquire(folder / (target + ".lock"), deadline));
  if (!lock)
    return fail(ExitCode::timeout, fmt::format("another lander of this home has been at work on {} "
                                               "for {}",
                                               target, deadline.given()));
  return std::move(*lock);
}

}  // namespace

void Lander::recover() {
  if (options_.dry_run) return;
  const Begun begun(context_);
  for (const auto& candidate : begun.all()) {
    const auto* target = context_.config().target(candidate.target);
    if (!target || Stop::requested()) continue;
    const auto lock = lock_target(context_, target->name, Deadline(options_.timeout));
    if (!lock) {
      context_.report(lock.error());
      continue;
    }
    if (!begun.has(candidate)) continue;  // somebody else has finished it meanwhile
    Landing(context_, options_, *target, candidate).run(true);
  }
}

void Lander::land(const records::Candidate& candidate) {
  const auto* target = context_.config().target(candidate.target);
  if (!target)
    return context_.report({ExitCode::config, fmt::format("there is no target '{}' in targets.d",
                                                          printable(candidate.target, 60))});
  const auto lock = lock_target(context_, target->name, Deadline(options_.timeout));
  if (!lock) return context_.report(lock.error());
  Landing(context_, options_, *target, candidate).run(false);
}

}  // namespace cdctl::land
