#include "core/land/verify.hpp"

#include <algorithm>
#include <iterator>
#include <map>
#include <set>

#include <fmt/format.h>
#include <poll.h>

#include <cdctl/digest.hpp>
#include <cdctl/stop.hpp>
#include <cdctl/text.hpp>

#include "core/land/message.hpp"
#include "core/land/seal.hpp"
#include "core/land/targets.hpp"

namespace cdctl::land {

namespace {

constexpr int k_look_ms = 250;  ///< after what cannot be waited for

constexpr std::int64_t k_tries = 5;        ///< that cannot tell before a head rests
constexpr std::chrono::minutes k_rest(2);  ///< the first time; each time twice as long
constexpr std::chrono::minutes k_longest_rest(60);
constexpr Millis k_telling(30'000);

/// A head, for what is remembered of it.
std::string head_key(const records::Candidate& candidate) {
  return sha256_hex(
      fmt::format("{}\n{}\n{}", candidate.target, candidate.proposal, candidate.head));
}

}  // namespace

MergeRequest merge_request(const TargetConfig& target, const records::Candidate& candidate,
                           std::string onto) {
  const Person cdctl{"cdctl", candidate.committer};
  const auto by = main_author(candidate);
  const bool own = target.method == MergeMethod::squash && !(by.name.empty() && by.email.empty());
  return {.url = candidate.url,
          .ref = candidate.ref,
          .head = candidate.head,
          .onto = std::move(onto),
          .message = candidate.message,
          .method = target.method,
          .author = own ? Person{by.name, by.email} : cdctl,
          .committer = cdctl,
          .at = candidate.at.value_or(Time())};
}

Verifier::Verifier(app::Context& context, const VerifyOptions& options, Say say)
    : context_(context),
      options_(options),
      say_(std::move(say)),
      results_(context.home() / "land") {
  results_.forget_old();
}

Result<> Verifier::verify(std::vector<records::Candidate> candidates) {
  CDCTL_TRY(check_trust(context_, "verify", options_.trust_record));
  CDCTL_TRY_ASSIGN(key_, seal_key(context_));
  add_queues(std::move(candidates));
  for (;;) {
    std::erase_if(abandoned_,
                  [](const auto& test) { return test->step(), test->end() != nullptr; });
    for (auto& queue : queues_) {
      const auto under_way = tests().size();
      (void)queue.step(options_.jobs - std::min(under_way, options_.jobs), options_.jobs);
    }
    const auto left = tests();
    const bool open =
        std::ranges::any_of(queues_, [](const TargetQueue& queue) { return !queue.done(); });
    if (left.empty() && (!open || Stop::requested())) break;
    wait_for(left);
  }
  if (!Stop::requested()) sweep_staged(context_, results_, options_.timeout);
  return {};
}

/// One for each target. Heads that have kept others waiting before stand behind them.
void Verifier::add_queues(std::vector<records::Candidate> candidates) {
  std::vector<std::string> order;
  std::map<std::string, std::vector<records::Candidate>> prompt, late;
  std::map<std::string, std::set<std::string>> moved;
  for (auto& candidate : candidates) {
    const auto& name = candidate.target;
    const auto* target = context_.config().target(name);
    if (!target) {
      context_.report({ExitCode::config,
                       fmt::format("there is no target '{}' in targets.d", printable(name, 60))});
      continue;
    }
    if (auto said = check_gate_seal(context_, key_, *target, candidate, options_.trust_record);
        !said) {
      // Who lands behind us is told, too: that nothing came must not look like nothing to do
      report_target(context_, name, "verifying",
                    said.error().in(printable(candidate.proposal, 80)));
      continue;
    }
    if (candidate.verdict == "deferred") {  // of the gate, and told before it
      context_.note_exit(ExitCode::unknown);
      hand_on(*target, std::move(candidate));
      continue;
    }
    if (auto why = rests(candidate); !why.empty()) {
      candidate.verdict = "deferred";
      candidate.why = std::move(why);
      say(*target, std::move(candidate));
      continue;
    }
    if (std::ranges::find(order, name) == order.end()) order.push_back(name);
    auto& behind = moved[name];
    const bool follows = std::ranges::any_of(
        candidate.after,
        [&](const records::PrerequisiteMember& one) { return behind.contains(one.proposal); });
    if (follows || is_overdue(candidate)) {
      behind.insert(candidate.proposal);
      late[name].push_back(std::move(candidate));
    } else {
      prompt[name].push_back(std::move(candidate));
    }
  }
  for (const auto& name : order) {
    auto all = std::move(prompt[name]);
    std::ranges::move(late[name], std::back_inserter(all));
    const auto& target = *context_.config().target(name);
    queues_.emplace_back(target, std::move(all), help_with(target));
  }
}

bool Verifier::is_overdue(const records::Candidate& candidate) const {
  return results_.note("overdue", head_key(candidate)).has_value();
}

void Verifier::count_unsure(const records::Candidate& candidate) const {
  const auto before = results_.note("unsure", head_key(candidate));
  (void)results_.keep_note("unsure", head_key(candidate),
                           Json::object({{"proposal", candidate.proposal},
                                         {"times", before ? (*before)["times"].as_int() + 1 : 1},
                                         {"why", candidate.why},
                                         {"at", to_rfc3339(now())}}));
}

/// Why a head is not tested now that could not be told of again and again: it costs a test each
/// time, and mostly it is its own doing. Empty when it is tested.
std::string Verifier::rests(const records::Candidate& candidate) const {
  const auto note = results_.note("unsure", head_key(candidate));
  const auto times = note ? (*note)["times"].as_int() : 0;
  if (times < k_tries || options_.again || candidate.verdict != "ready") return {};
  const auto doubled = std::min<std::int64_t>(times - k_tries, 10);
  const auto at = parse_rfc3339((*note)["at"].view()).value_or(Time()) +
                  std::min(k_rest * (std::int64_t{1} << doubled), k_longest_rest);
  if (now() >= at || at > now() + k_longest_rest) return {};  // that was said by a wrong clock
  return fmt::format("{} times in a row: {}; it is tested again after {}, or by verify --again",
                     times, printable((*note)["why"].view(), 300), to_rfc3339(at));
}

QueueHelp Verifier::help_with(const TargetConfig& target) {
  QueueHelp out;
  out.merge = [this, &target](records::Candidate& candidate, const std::string& onto) {
    merge(target, candidate, onto);
  };
  out.begin = [this, &target](TestSubject subject) {
    return begin_test(context_, results_, target, std::move(subject),
                      {options_.again, options_.timeout});
  };
  out.abandon = [this](std::unique_ptr<Test> test) {
    test->cancel();
    abandoned_.push_back(std::move(test));
  };
  out.say = [this, &target](records::Candidate candidate) { say(target, std::move(candidate)); };
  out.overdue = [this](const records::Candidate& candidate) {
    (void)results_.keep_note("overdue", head_key(candidate),
                             Json::object({{"proposal", candidate.proposal}}));
  };
  out.unsure = [this](const records::Candidate& candidate) { count_unsure(candidate); };
  return out;
}

std::vector<const Test*> Verifier::tests() const {
  std::vector<const Test*> out;
  for (const auto& queue : queues_)
    for (const auto* test : queue.tests())
      if (!test->end()) out.push_back(test);
  for (const auto& test : abandoned_) out.push_back(test.get());
  return out;
}

void Verifier::wait_for(const std::vector<const Test*>& tests) const {
  std::vector<struct pollfd> fds;
  // A stop is told to each test by its next step; then only their ends are waited for.
  if (!Stop::requested()) fds.push_back({Stop::fd(), POLLIN, 0});
  for (const auto* test : tests) fds.push_back({test->fd(), POLLIN, 0});
  (void)::poll(fds.data(), fds.size(), k_look_ms);
}

void Verifier::say(const TargetConfig& target, records::Candidate candidate) {
  if (candidate.verdict == "verified" || candidate.verdict == "rejected")
    for (const auto* kind : {"overdue", "unsure"}) results_.forget_note(kind, head_key(candidate));
  if (candidate.verdict == "deferred")
    context_.report({ExitCode::unknown, fmt::format("{}: {}: {}", target.name, candidate.proposal,
                                                    why_with_log(candidate.why, candidate.log))});
  hand_on(target, std::move(candidate));
}

void Verifier::hand_on(const TargetConfig& target, records::Candidate candidate) {
  candidate.by = context_.actor();
  candidate.home = home_name(context_);
  candidate.seal = seal_of(key_, Stage::verify, target, candidate);
  say_(candidate);
}

void Verifier::merge(const TargetConfig& target, records::Candidate& candidate,
                     const std::string& onto) {
  candidate.message = message_of(target, candidate);
  candidate.committer = context_.actor();
  candidate.command = target.verify.command;
  candidate.at = std::chrono::floor<std::chrono::seconds>(now());
  context_.progress(fmt::format("{}: merging {}", target.name, candidate.proposal));
  auto repository = context_.repository(candidate.kind);
  auto made = repository ? (*repository)
                               ->merge(target, merge_request(target, candidate, onto),
                                       Deadline(options_.timeout))
                         : fail(std::move(repository.error()));
  if (!made) {
    // That its head has moved is for the next gate; that nobody could be asked, for the next run.
    candidate.verdict = made.error().exit == ExitCode::failed ? "waiting" : "deferred";
    candidate.why = "merging: " + made.error().what;
    return;
  }
  if (!target.verify.statuses.empty() && !made->commit.empty())
    make_as_before(target, **repository, candidate, *made, onto);
  candidate.base = made->base;
  candidate.commit = made->commit;
  candidate.tree = made->tree;
  candidate.conflicts = made->conflicts;
  if (made->merged) {
    candidate.verdict = "merged";
    candidate.why = target.branch + " has it already";
  }
  crash_point("verify.merged");
  if (!made->commit.empty()) tell_pending(target, candidate);
}

/// Who looks at the proposal sees that it is being tested. A machine that only tests may have no
/// word there, and needs none.
void Verifier::tell_pending(const TargetConfig& target, const records::Candidate& candidate) {
  const bool known = target.verify.statuses.empty() && !options_.again &&
                     results_.find(test_key(target.name, candidate.tree, target.verify,
                                            target.table["verify"]["network"].as_bool()));
  if (known || !told_.insert(head_key(candidate)).second) return;
  ProposalReport report;
  report.head = candidate.head;
  report.summary = fmt::format("Tested for {}", target.branch);
  const auto forge = context_.forge(target.forge);
  const auto told = forge ? (*forge)->report(target, candidate.proposal, report,
                                             Deadline(std::min(options_.timeout, k_telling)))
                          : fail(forge.error());
  if (!told && told.error().exit != ExitCode::config)
    context_.log(Level::warning, fmt::format("{}: {}: its author was not told: {}", target.name,
                                             candidate.proposal, told.error().what));
}

/// A CI has said what it says of one commit: another run makes the same one, and not its twin of a
/// minute later.
void Verifier::make_as_before(const TargetConfig& target, Repository& repository,
                              records::Candidate& candidate, MergeAnswer& made,
                              const std::string& onto) {
  const auto key = sha256_hex(Json::object({{"target", target.name},
                                            {"proposal", candidate.proposal},
                                            {"head", candidate.head},
                                            {"base", made.base},
                                            {"tree", made.tree},
                                            {"method", static_cast<std::int64_t>(target.method)},
                                            {"message", candidate.message}})
                                  .canonical());
  if (const auto before = results_.note("made", key)) {
    auto same = candidate;
    same.at = parse_rfc3339((*before)["at"].view());
    same.committer = (*before)["committer"].as_string();
    const auto again =
        repository.merge(target, merge_request(target, same, onto), Deadline(options_.timeout));
    if (again && again->commit == (*before)["commit"].view()) {
      candidate.at = same.at;
      candidate.committer = same.committer;
      made = *again;
      return;
    }
  }
  (void)results_.keep_note("made", key,
                           Json::object({{"at", to_rfc3339(*candidate.at)},
                                         {"committer", candidate.committer},
                                         {"commit", made.commit}}));
}

}  // namespace cdctl::land
