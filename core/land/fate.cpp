#include "core/land/fate.hpp"

#include <utility>
#include <vector>

#include <fmt/format.h>

#include <cdctl/digest.hpp>
#include <cdctl/text.hpp>

#include "core/land/landed.hpp"
#include "core/land/results.hpp"

namespace cdctl::land {

namespace {

constexpr auto k_landed = LandAnswer::State::landed;

}  // namespace

Fate::Fate(app::Context& context, LastLook& look, const LandOptions& options,
           const TargetConfig& target, const records::Candidate& candidate,
           const Deadline& deadline)
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

void Fate::reject() {
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

void Fate::had_landed(std::string_view why) {
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

void Fate::leave(std::string_view why, bool again) {
  constexpr std::string_view k_stays =
      "what is left of it stays, for its own commits are not there";
  verdict("landed", fmt::format("{}; {}", why, k_stays));
  if (!again)
    context_.log(Level::warning,
                 fmt::format("{}: {}: {}; {}: remove its branch, or commit what it is to change",
                             target_.name, candidate_.proposal, why, k_stays));
}

void Fate::would_land() {
  outcome_.changed();
  outcome_.set("base", candidate_.base);
  outcome_.set("commit", candidate_.commit);
  outcome_.set("tree", candidate_.tree);
  verdict("landed", "");
}

Result<> Fate::landed(const LandAnswer& answer, bool again) {
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
  outcome_.changed(answer.state == k_landed || again);
  if (!answer.why.empty())
    context_.log(Level::warning, fmt::format("{}: the branch of {} stays: {}", target_.name,
                                             candidate_.proposal, answer.why));
  return {};
}

void Fate::tell_landed() {
  ProposalReport report;
  report.state = ProposalReport::State::landed;
  report.head = candidate_.head;
  report.commit = commit_;
  report.summary = fmt::format("Landed on {} as {}", target_.branch, commit_);
  if (const auto told = try_to_tell(report); !told) warn_untold(told.error());
}

void Fate::clear() {
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

Result<bool> Fate::try_to_tell(const ProposalReport& report) {
  auto forge = context_.forge(target_.forge);
  return forge ? (*forge)->report(target_, candidate_.proposal, report, deadline_)
               : fail(std::move(forge.error()));
}

bool Fate::said_before(const std::string& kind, std::string_view words) const {
  const TestResults results(context_.home() / "land");
  const auto key = sha256_hex(
      fmt::format("{}\n{}\n{}\n{}", target_.name, candidate_.proposal, candidate_.head, words));
  if (results.note(kind, key)) return true;
  (void)results.keep_note(
      kind, key, Json::object({{"proposal", candidate_.proposal}, {"why", candidate_.why}}));
  return false;
}

void Fate::warn(std::string_view what, const Error& error) {
  context_.log(Level::warning,
               fmt::format("{}: {}: {}: {}", target_.name, candidate_.proposal, what, error.what));
}

}  // namespace cdctl::land
