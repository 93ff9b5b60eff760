#include "core/land/landing.hpp"

#include <algorithm>
#include <deque>
#include <optional>
#include <string>
#include <utility>

#include <fmt/format.h>

#include <cdctl/stop.hpp>
#include <cdctl/text.hpp>

#include "core/land/begun.hpp"
#include "core/land/fate.hpp"
#include "core/land/results.hpp"
#include "core/land/seal.hpp"
#include "core/land/verify.hpp"

namespace cdctl::land {

namespace {

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

}  // namespace

bool land_as_one(app::Context& context, LastLook& look, const LandOptions& options,
                 const TargetConfig& target, const Candidates& candidates, bool again) {
  return Landing(context, look, options, target, candidates).run(again);
}

}  // namespace cdctl::land
