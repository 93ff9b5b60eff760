#include "core/land/land.hpp"

#include <algorithm>
#include <deque>
#include <filesystem>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include <cdctl/digest.hpp>
#include <cdctl/fs.hpp>
#include <cdctl/lock.hpp>
#include <cdctl/stop.hpp>
#include <cdctl/text.hpp>

#include "core/land/begun.hpp"
#include "core/land/landed.hpp"
#include "core/land/last_look.hpp"
#include "core/land/results.hpp"
#include "core/land/seal.hpp"
#include "core/land/target_outcome.hpp"
#include "core/land/verify.hpp"

namespace cdctl::land {

namespace fs = std::filesystem;

namespace {

/// What becomes of one candidate: its outcome, and what its proposal is told.
class Fate {
 public:
  Fate(app::Context& context, LastLook& look, const LandOptions& options,
       const TargetConfig& target, const records::Candidate& candidate, const Deadline& deadline)
      : context_(context),
        look_(look),
        options_(options),
        target_(target),
        candidate_(candidate),
        deadline_(deadline),
        outcome_(context, "land", target.name, candidate.proposal, options.dry_run) {
    outcome_.set("head", candidate.head);
    outcome_.set("title", candidate.title);
    std::vector<std::string> authors;
    for (const auto& person : candidate.authors)
      authors.push_back(person.email.empty() ? person.name : person.email);
    outcome_.set("authors", Json::strings(authors));
    outcome_.set("reviewers", Json::strings(candidate.reviewers));
    if (candidate.batch.size() > 1) outcome_.set("batch", Json::strings(candidate.batch));
    if (!candidate.log.empty()) outcome_.set("log", candidate.log);
  }

  [[nodiscard]] const records::Candidate& candidate() const { return candidate_; }
  void write() { outcome_.write(); }
  void verdict(std::string_view word, std::string_view why) {
    outcome_.set("verdict", word);
    outcome_.why(why);
  }
  void end_with(std::string_view word, const Error& error) {
    verdict(word, error.what);
    outcome_.fail_with(error);
  }

  /// Says on the proposal why it does not land; that is all that becomes of it.
  void reject() {
    end_with("rejected", {ExitCode::failed, why_with_log(candidate_.why, candidate_.log)});
    if (options_.dry_run) return;
    ProposalReport report;
    report.state = ProposalReport::State::rejected;
    report.head = candidate_.head;
    report.summary = fmt::format("Not landed on {}: {}", target_.branch, candidate_.why);
    report.text = candidate_.log.empty() ? std::string() : last_lines(candidate_.log);
    const auto told = try_to_tell(report);
    if (told) outcome_.changed(*told);
    // What is neither told nor new would be mailed by cron each minute; that it cannot be told,
    // too.
    const bool again =
        said_before("rejected", told ? candidate_.why : candidate_.why + "\n" + told.error().what);
    if (!told && !again) warn_untold(told.error());
    if (again && !told.value_or(false)) outcome_.no_news();
  }
  /// `verify` has said so, in the same pipe.
  void said_upstream() { outcome_.said_upstream(); }

  /// Nobody has voted on this, or tested it: what is removed is only what is certain to be kept by
  /// the target. That its changes are there, too, or a commit says so, is not enough.
  void had_landed(std::string_view why) {
    verdict("landed", why);
    if (options_.dry_run) return;
    const auto kept = !target_.remove_branch || landed_from_here(context_, candidate_)
                          ? Result<bool>(true)
                          : look_.contained(target_, candidate_, deadline_);
    if (!kept) return warn("what is left of it was not removed", kept.error());
    if (*kept) clear();
    const bool again = outcome_.has_changed() || said_before("there", why);
    if (!*kept) leave(why, again);
    if (again && !outcome_.has_changed()) outcome_.no_news();  // its branch is there in each run
  }

  /// What has nothing to land is no candidate: its author removes it, or commits something.
  void leave(std::string_view why, bool again) {
    constexpr std::string_view k_stays =
        "what is left of it stays, for its own commits are not there";
    verdict("landed", fmt::format("{}; {}", why, k_stays));
    if (!again)
      context_.log(Level::warning,
                   fmt::format("{}: {}: {}; {}: remove its branch, or commit what it is to change",
                               target_.name, candidate_.proposal, why, k_stays));
  }

  void would_land() {
    outcome_.changed();
    outcome_.set("base", candidate_.base);
    outcome_.set("commit", candidate_.commit);
    outcome_.set("tree", candidate_.tree);
    verdict("landed", "");
  }

  /// What the repository said; `again`: a run that was killed may have done it.
  Result<> landed(const LandAnswer& answer, bool again) {
    using enum LandAnswer::State;
    outcome_.set("base", candidate_.base);
    // A forge that lands by itself makes a commit of its own.
    commit_ = target_.land_by_forge && !answer.tip.empty() ? answer.tip : candidate_.commit;
    outcome_.set("commit", commit_);
    outcome_.set("tree", answer.tree);
    if (answer.tree != candidate_.tree)
      return fail(ExitCode::failed,
                  fmt::format("{} has the tree {}, and {} was verified: look at it at once",
                              target_.branch, answer.tree, candidate_.tree));
    note_landing(context_, candidate_, commit_, now());
    verdict("landed", answer.state == there
                          ? again ? "by a run that was killed" : target_.branch + " had it already"
                          : "");
    outcome_.changed(answer.state == landed_ || again);
    if (!answer.why.empty())
      context_.log(Level::warning, fmt::format("{}: the branch of {} stays: {}", target_.name,
                                               candidate_.proposal, answer.why));
    return {};
  }

  /// Says on the proposal that it has landed, and as what.
  void tell_landed() {
    ProposalReport report;
    report.state = ProposalReport::State::landed;
    report.head = candidate_.head;
    report.commit = commit_;
    report.summary = fmt::format("Landed on {} as {}", target_.branch, commit_);
    if (const auto told = try_to_tell(report); !told) warn_untold(told.error());
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

 private:
  static constexpr auto landed_ = LandAnswer::State::landed;

  /// Whether the proposal says something else now. Who cannot be told hears of it by the target.
  Result<bool> try_to_tell(const ProposalReport& report) {
    auto forge = context_.forge(target_.forge);
    return forge ? (*forge)->report(target_, candidate_.proposal, report, deadline_)
                 : fail(std::move(forge.error()));
  }
  void warn_untold(const Error& error) { warn("its author was not told", error); }

  /// Whether a run of this home has said the same before (a forge may show nothing); now one has.
  bool said_before(const std::string& kind, std::string_view words) const {
    const TestResults results(context_.home() / "land");
    const auto key = sha256_hex(
        fmt::format("{}\n{}\n{}\n{}", target_.name, candidate_.proposal, candidate_.head, words));
    if (results.note(kind, key)) return true;
    (void)results.keep_note(
        kind, key, Json::object({{"proposal", candidate_.proposal}, {"why", candidate_.why}}));
    return false;
  }

  void warn(std::string_view what, const Error& error) {
    context_.log(Level::warning, fmt::format("{}: {}: {}: {}", target_.name, candidate_.proposal,
                                             what, error.what));
  }

  app::Context& context_;
  LastLook& look_;
  const LandOptions& options_;
  const TargetConfig& target_;
  const records::Candidate& candidate_;
  const Deadline& deadline_;
  TargetOutcome outcome_;
  std::string commit_;  ///< by which it has landed
};

/// The landing of what was tested as one: mostly a single candidate. A batch lands as a whole or
/// not at all, for nobody has tested a part of it.
class Landing {
 public:
  Landing(app::Context& context, LastLook& look, const LandOptions& options,
          const TargetConfig& target, const Candidates& candidates)
      : context_(context),
        look_(look),
        options_(options),
        target_(target),
        candidates_(candidates),
        begun_(context),
        deadline_(options.timeout) {
    for (const auto& one : candidates)
      fates_.emplace_back(context, look, options, target, one, deadline_);
  }

  /// `again`: it was begun by a run that was killed. Whether that was found out, and told.
  bool run(bool again) {
    const auto done = decide(again);
    // Nobody has said whether it landed: the next run asks again.
    // What was begun before a freeze is looked at when that is over.
    const bool open = !done && (done.error().exit == ExitCode::unknown ||
                                done.error().exit == ExitCode::timeout || (again && frozen_));
    if (!done)
      for (auto& fate : fates_) fate.end_with(waits_ ? "waiting" : "deferred", done.error());
    if (done || !again)  // what did not land then is offered anew
      for (auto& fate : fates_) fate.write();
    crash_point("land.written");
    if (!open && !options_.dry_run) begun_.forget(candidates_);
    return done.has_value();
  }

 private:
  const records::Candidate& first() const { return candidates_.front(); }
  const records::Candidate& last() const { return candidates_.back(); }

  Result<> decide(bool again) {
    for (const auto& one : candidates_) CDCTL_TRY(check(one));
    if (!again) CDCTL_TRY(check_command());
    if (candidates_.size() > 1 || first().verdict == "verified") return push(again);
    auto& fate = fates_.front();
    if (first().verdict == "waiting") return fate.verdict("waiting", first().why), Result<>();
    if (first().verdict == "deferred") {
      fate.said_upstream();
      return fail(ExitCode::unknown, why_with_log(first().why, first().log));
    }
    if (first().verdict == "rejected") return fate.reject(), Result<>();
    if (first().verdict == "merged")
      return fate.had_landed(target_.branch + " had it already"), Result<>();
    return fail(ExitCode::refused, "it was not verified: put cdctl verify before land");
  }

  /// Refuses what nobody we trust has verified.
  Result<> check(const records::Candidate& candidate) const {
    CDCTL_TRY_ASSIGN(const auto key, seal_key(context_));
    if (candidate.seal.empty() || seal_holds(key, Stage::gate, target_, candidate))
      return fail(ExitCode::refused, "it was not verified: put cdctl verify before land");
    if (!seal_holds(key, Stage::verify, target_, candidate))
      return fail(
          ExitCode::refused,
          "its seal does not hold: it was verified in a home of another key, for another "
          "repository, or changed since; verify it here, or give both homes one land.key_file");
    if (!options_.trust_record && candidate.home != home_name(context_))
      return fail(ExitCode::refused,
                  fmt::format("it was verified in {}; --trust-record takes the word of homes that "
                              "have our key",
                              printable(candidate.home, 120)));
    if (candidates_.size() > 1 &&
        (candidate.verdict != "verified" || candidate.tip != last().commit ||
         candidate.batch != first().batch ||
         std::ranges::find(candidate.batch, candidate.proposal) == candidate.batch.end()))
      return fail(ExitCode::refused, "it is no member of the batch that was verified");
    return {};
  }

  /// Whoever has changed the command since wants the new one to have passed.
  Result<> check_command() const {
    const auto& said = target_.verify.command;
    if (first().verdict != "verified" || first().command == said) return {};
    return fail(ExitCode::refused,
                fmt::format("it was tested by '{}', and {} says '{}' now: verify it again",
                            printable(first().command, 60), target_.name, printable(said, 60)));
  }

  Result<> push(bool again) {
    if (candidates_.size() > 1 && !again && !options_.dry_run)
      for (const auto& one : candidates_) CDCTL_TRY(make(one));  // each is still at its head
    CDCTL_TRY_ASSIGN(const auto objection, object());
    if (options_.dry_run) {
      if (objection) return fail(ExitCode::refused, objection->why);
      for (auto& fate : fates_) fate.would_land();
      return {};
    }
    if (!objection) CDCTL_TRY(begun_.note(candidates_));
    crash_point("land.noted");
    CDCTL_TRY_ASSIGN(const auto answer, objection ? find() : ask(last(), first().base));
    if (objection && answer.state != LandAnswer::State::there)
      return fail(ExitCode::refused, objection->why);
    CDCTL_TRY(judge(answer));
    if (candidates_.size() == 1 && answer.tree.empty()) {
      fates_.front().had_landed(fmt::format("{} has it by another merge", target_.branch));
      return {};
    }
    CDCTL_TRY(fates_.back().landed(answer, again));
    crash_point("land.read-back");
    CDCTL_TRY(read_back_others(answer, again));
    for (auto& fate : fates_) {
      fate.tell_landed();
      fate.clear();
    }
    return {};
  }

  /// A person may have said something else while it was tested.
  Result<std::optional<Objection>> object() {
    using enum Objection::Kind;
    CDCTL_TRY_ASSIGN(auto out, look_.objection(target_, candidates_, deadline_));
    // The forge that lands it knows best what has become of it.
    if (out && out->kind == gone && target_.land_by_forge) out.reset();
    frozen_ = out && out->kind == frozen;
    waits_ = out && (out->kind == frozen || out->kind == waits);
    return out;
  }

  /// Whether it is on the target, by whomever; nothing is pushed: a proposal without a branch is
  /// never where it was verified.
  Result<LandAnswer> find() {
    CDCTL_TRY_ASSIGN(auto* const repository, context_.repository(last().kind));
    const LandRequest request{last().commit, last().tree, first().base, {}, last().head, false};
    auto found = repository->land(target_, request, deadline_);
    if (!found && found.error().reason == Reason::not_there) {  // verified in another home
      LandAnswer none;
      none.state = LandAnswer::State::proposal_moved;
      return none;
    }
    return found;
  }

  /// The others of a batch are on the target with the last: each with the tree that it was made
  /// with.
  Result<> read_back_others(const LandAnswer& tip, bool again) {
    for (std::size_t i = 0; i + 1 < candidates_.size(); ++i) {
      CDCTL_TRY_ASSIGN(auto answer, ask(candidates_[i], candidates_[i].base));
      if (answer.state != LandAnswer::State::there || answer.tree.empty())
        return fail(ExitCode::failed,
                    fmt::format("{} has landed without {}, which was tested with it: look at it at "
                                "once",
                                tip.tip, candidates_[i].proposal));
      answer.state = tip.state;  // it came there by the same push
      CDCTL_TRY(fates_[i].landed(answer, again));
    }
    return {};
  }

  /// By the forge's own call, or by a push.
  Result<LandAnswer> ask(const records::Candidate& candidate, const std::string& base) {
    const bool here = candidate.url.empty();
    const LandRequest request{candidate.commit, candidate.tree, base,
                              candidate.ref,    candidate.head, target_.remove_branch && here};
    CDCTL_TRY_ASSIGN(auto* const forge, context_.forge(target_.forge));
    CDCTL_TRY_ASSIGN(auto own, forge->land(target_, candidate.proposal, request, deadline_));
    if (own) return std::move(*own);
    if (target_.land_by_forge)
      return fail(
          ExitCode::config,
          fmt::format("a forge of kind '{}' has no call that lands: say land_via = \"push\"",
                      target_.forge));
    CDCTL_TRY_ASSIGN(auto* const repository, context_.repository(candidate.kind));
    auto answer = repository->land(target_, request, deadline_);
    if (answer || answer.error().reason != Reason::not_there) return answer;
    // It was verified in another home: the same merge gives the same commit.
    CDCTL_TRY(make(candidate));
    return repository->land(target_, request, deadline_);
  }

  /// Makes the commit of a candidate once more, of its head as it is now.
  Result<> make(const records::Candidate& candidate) {
    CDCTL_TRY_ASSIGN(auto* const repository, context_.repository(candidate.kind));
    auto made =
        repository->merge(target_, merge_request(target_, candidate, candidate.base), deadline_);
    if (!made && made.error().exit == ExitCode::failed)
      return fail(ExitCode::refused, fmt::format("{}: {}", candidate.proposal, made.error().what));
    if (!made) return fail(std::move(made.error()));
    if (made->commit != candidate.commit)
      return fail(ExitCode::refused,
                  fmt::format("the merge of {} made here is {}, not {}, which was verified",
                              candidate.proposal, made->commit.empty() ? "none" : made->commit,
                              candidate.commit));
    return {};
  }

  Result<> judge(const LandAnswer& answer) const {
    using enum LandAnswer::State;
    switch (answer.state) {
      case landed:
        return {};
      case there:  // by another merge of it: of a batch that is not what was tested
        if (!answer.tree.empty() || candidates_.size() == 1) return {};
        break;
      case target_moved:
        break;
      case proposal_moved:
        return fail(ExitCode::refused, fmt::format("it is not at {} any more: what was verified is "
                                                   "not what is proposed",
                                                   last().head));
      case refused:
        return fail(ExitCode::refused,
                    fmt::format("the repository did not take it: {}", answer.why));
    }
    return fail(ExitCode::refused,
                fmt::format("{} has moved from {} to {} since it was merged; verify it again",
                            target_.branch, first().base, answer.tip));
  }

  app::Context& context_;
  LastLook& look_;
  const LandOptions& options_;
  const TargetConfig& target_;
  const Candidates& candidates_;
  Begun begun_;
  Deadline deadline_;
  std::deque<Fate> fates_;
  bool frozen_ = false, waits_ = false;
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

std::string key_of(const records::Candidate& candidate) {
  return fmt::format("{}\n{}\n{}", candidate.target, candidate.proposal, candidate.head);
}

}  // namespace

Result<> Lander::check() const { return check_trust(context_, "land", options_.trust_record); }

void Lander::recover() {
  if (options_.dry_run) return;
  const Begun begun(context_);
  for (const auto& candidates : begun.all()) {
    const auto* target = context_.config().target(candidates.front().target);
    if (!target || Stop::requested()) continue;
    const auto lock = lock_target(context_, target->name, Deadline(options_.timeout));
    if (!lock) {
      context_.report(lock.error());
      continue;
    }
    if (!begun.has(candidates)) continue;  // somebody else has finished it meanwhile
    auto options = options_;
    options.trust_record = true;  // it was looked at before it was begun
    if (!Landing(context_, look_, options, *target, candidates).run(true)) continue;
    for (const auto& one : candidates) recovered_.insert(key_of(one));
  }
}

void Lander::land(records::Candidate candidate) {
  if (candidate.batch.size() < 2) return land_all({std::move(candidate)});
  auto& members = batches_[candidate.target + "\n" + candidate.tip];
  const auto wanted = candidate.batch.size();
  const auto named = [&](const records::Candidate& one) {
    return one.proposal == candidate.proposal;
  };
  if (std::ranges::any_of(members, named)) return;  // a line that came twice is no other member
  members.push_back(std::move(candidate));
  if (members.size() < wanted) return;
  const auto whole = std::move(members);
  batches_.erase(whole.front().target + "\n" + whole.front().tip);
  land_all(whole);
}

void Lander::finish() {
  for (const auto& [tip, members] : std::exchange(batches_, {}))
    for (const auto& one : members) {
      const auto& all = one.batch;
      std::vector<std::string> missing;
      for (const auto& name : all)
        if (std::ranges::find(members, name, &records::Candidate::proposal) == members.end())
          missing.push_back(printable(name, 60));
      context_.report(
          {ExitCode::refused,
           fmt::format("{}: {}: it was tested with {}, which did not come: a batch lands "
                       "as a whole",
                       printable(one.target, 60), printable(one.proposal, 60), joined(missing))});
    }
}

void Lander::land_all(const std::vector<records::Candidate>& candidates) {
  // This run has verified anew what the one before had begun to push.
  if (std::ranges::all_of(candidates, [&](const records::Candidate& one) {
        return recovered_.contains(key_of(one));
      }))
    return;
  const auto& name = candidates.front().target;
  const auto* target = context_.config().target(name);
  if (!target)
    return context_.report({ExitCode::config, fmt::format("there is no target '{}' in targets.d",
                                                          printable(name, 60))});
  const auto lock = lock_target(context_, target->name, Deadline(options_.timeout));
  if (!lock) return context_.report(lock.error());
  (void)Landing(context_, look_, options_, *target, candidates).run(false);
}

}  // namespace cdctl::land
