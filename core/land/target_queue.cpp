#include "core/land/target_queue.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include <fmt/format.h>

#include <cdctl/stop.hpp>
#include <cdctl/text.hpp>

namespace cdctl::land {

namespace {

std::string files_in(const std::vector<std::string>& conflicts) {
  constexpr std::size_t k_most = 5;
  const std::span all(conflicts);
  std::vector<std::string> shown;
  for (const auto& file : all.first(std::min(all.size(), k_most)))
    shown.push_back(printable(file, 80));
  return joined(shown) +
         (all.size() > k_most ? fmt::format(" and {} more", all.size() - k_most) : "");
}

void give(records::Candidate& candidate, std::string_view verdict, std::string why) {
  candidate.verdict = verdict;
  candidate.why = std::move(why);
}

}  // namespace

TargetQueue::TargetQueue(const TargetConfig& target, std::vector<records::Candidate> candidates,
                         QueueHelp help)
    : target_(target), help_(std::move(help)) {
  for (std::size_t i = 0; i < candidates.size(); ++i) waiting_.emplace(i, std::move(candidates[i]));
}

std::vector<const Test*> TargetQueue::tests() const {
  std::vector<const Test*> out;
  for (const auto& batch : batches_)
    if (batch.test) out.push_back(batch.test.get());
  return out;
}

std::size_t TargetQueue::step(std::size_t slots, std::size_t most_batches) {
  const auto running = [&] {
    return static_cast<std::size_t>(std::ranges::count_if(
        batches_, [](const Batch& batch) { return batch.test && !batch.test->end(); }));
  };
  const auto before = running();
  for (bool moved = true; moved;) {
    moved = false;
    for (auto& batch : batches_)
      if (batch.test) batch.test->step();
    // What is behind one that has not passed is of no use, whoever's fault that is.
    for (std::size_t i = 0; i + 1 < batches_.size(); ++i)
      if (const auto* end = batches_[i].test ? batches_[i].test->end() : nullptr;
          end && end->kind != TestEnd::Kind::passed)
        drop_behind(i);
    while (!batches_.empty() && settle_front()) moved = true;
    while (!waiting_.empty() && running() < before + slots &&
           batches_.size() < (is_red() ? 1 : most_batches) && may_go_on()) {
      auto batch = next_batch();
      if (!batch) continue;  // it has told of those that it took
      begin(*batch, batch->members.size());
      batches_.push_back(std::move(*batch));
      moved = true;
    }
  }
  if (waiting_.empty() && batches_.empty()) give_up_on_red();
  const auto now = running();
  return now > before ? now - before : 0;
}

/// Not on top of what has not passed, and not when we are asked to stop.
bool TargetQueue::may_go_on() const {
  return !Stop::requested() && std::ranges::none_of(batches_, [](const Batch& batch) {
    const auto* end = batch.test->end();
    return batch.split || (end && end->kind != TestEnd::Kind::passed);
  });
}

// ---------------------------------------------------------------- making batches

/// Empty when none of those that it took can be tested.
std::optional<TargetQueue::Batch> TargetQueue::next_batch() {
  Batch batch;
  while (!waiting_.empty() && batch.members.size() < (is_red() ? 1 : target_.batch)) {
    const auto first = waiting_.begin();
    Entry entry{first->first, std::move(first->second)};
    waiting_.erase(first);
    std::string onto = tip_;
    if (!batches_.empty()) onto = batches_.back().members.back().candidate.commit;
    if (!batch.members.empty()) onto = batch.members.back().candidate.commit;
    take(std::move(entry), batch, onto);
  }
  if (batch.members.empty()) return {};
  return batch;
}

/// Makes it a member of the batch, or says why it is none.
void TargetQueue::take(Entry entry, Batch& batch, const std::string& onto) {
  auto& candidate = entry.candidate;
  if (candidate.verdict != "ready") return help_.say(std::move(candidate));
  if (const auto missing = missing_ahead(candidate, batch); !missing.empty()) {
    if (is_red()) return stuck_.push_back(std::move(entry));
    give(candidate, "waiting", fmt::format("prerequisite: {} has not passed", missing));
    return help_.say(std::move(candidate));
  }
  help_.merge(candidate, onto);
  if (!candidate.commit.empty()) return batch.members.push_back(std::move(entry));
  if (candidate.conflicts.empty()) return help_.say(std::move(candidate));
  // What is ahead may yet fall out: then there is no conflict.
  if (!batch.members.empty()) return batch.parked.push_back(std::move(entry));
  if (!batches_.empty()) return batches_.back().parked.push_back(std::move(entry));
  auto files = files_in(candidate.conflicts);
  bool alone = onto.empty();
  if (!alone) {  // whose fault is it: what is ahead, or the target as it is?
    auto again = candidate;
    again.conflicts.clear();
    help_.merge(again, {});
    alone = !again.conflicts.empty();
    if (alone) {
      files = files_in(again.conflicts);
      candidate = std::move(again);
    }
  }
  if (alone)
    give(candidate, "rejected", fmt::format("conflict: with {} in {}", target_.branch, files));
  else
    give(candidate, "waiting",
         fmt::format("conflicts with what is ahead of it, up to {}, in {}", last_, files));
  help_.say(std::move(candidate));
}

/// The first that has to land before and is not ahead, on the target or under way.
std::string TargetQueue::missing_ahead(const records::Candidate& candidate,
                                       const Batch& batch) const {
  std::set<std::string> ahead = passed_;
  for (const auto& other : batches_)
    for (const auto& member : other.members) ahead.insert(member.candidate.proposal);
  for (const auto& member : batch.members) ahead.insert(member.candidate.proposal);
  for (const auto& one : candidate.after)
    if (one.state != "landed" && !ahead.contains(one.proposal)) return one.proposal;
  return {};
}

/// Tests the first `members` of a batch as one.
void TargetQueue::begin(Batch& batch, std::size_t members) {
  const auto& last = batch.members[members - 1].candidate;
  TestSubject subject{last.kind, last.commit, last.tree, batch.members.front().candidate.base,
                      last.head, {}};
  for (std::size_t i = 0; i < members; ++i)
    subject.proposals.push_back(batch.members[i].candidate.proposal);
  if (batch.high == 0) batch.high = members;
  batch.tested = members;
  batch.test = help_.begin(std::move(subject));
  batch.test->step();
}

/// Tests what the batch was made on.
void TargetQueue::begin_base(Batch& batch) {
  const auto& first = batch.members.front().candidate;
  batch.tested = 0;
  batch.test = help_.begin({first.kind, first.base, {}, first.base, {}, {}});
  batch.test->step();
}

// ---------------------------------------------------------------- what has ended

/// Takes what the first batch has come to. False while there is nothing new of it.
bool TargetQueue::settle_front() {
  auto& batch = batches_.front();
  const auto* end = batch.test->end();
  if (!end) return false;
  const auto take_front = [&] {
    auto out = std::move(batches_.front());
    batches_.pop_front();
    return out;
  };
  const bool base = batch.tested == 0;
  if (end->kind == TestEnd::Kind::passed) {
    if (base)
      batch.base_tested = true;
    else
      batch.low = batch.tested, batch.passed = *end;
    if (batch.low == batch.members.size()) return settle(take_front(), batch.low, false), true;
  } else if (base) {
    const auto how = *end;
    return target_is_red(take_front(), how), true;
  } else if (end->kind == TestEnd::Kind::trouble || end->kind == TestEnd::Kind::waiting) {
    const auto how = *end;
    return defer(take_front(), how), true;
  } else {
    batch.high = batch.tested;
    batch.failed = *end;
    batch.split = true;
  }
  if (is_red() && batch.members.size() == 1) {  // the target's own result is known
    auto out = take_front();
    stuck_.push_back(std::move(out.members.front()));
    put_back(std::move(out.parked));
    return true;
  }
  if (narrow(batch)) return true;
  return settle(take_front(), batch.low, true), true;
}

/// Begins the next test that a batch needs which fails. False when it is known whose fault it is.
bool TargetQueue::narrow(Batch& batch) {
  if (batch.high - batch.low > 1)
    begin(batch, batch.low + (batch.high - batch.low) / 2);
  else if (batch.low == 0 && !batch.base_tested && tip_.empty())
    begin_base(batch);
  else
    return false;
  return true;
}

/// The first members have passed; with `culprit` the next has not, and those behind it go on
/// without it.
void TargetQueue::settle(Batch batch, std::size_t passed, bool culprit) {
  verified(batch, passed);
  if (passed > 0) put_back(std::exchange(stuck_, {}));  // the target passes with these
  std::vector<Entry> rest;
  if (culprit) {
    auto& out = batch.members[passed].candidate;
    judge(out, batch.failed);
    if (batch.failed.kind == TestEnd::Kind::unsure) help_.unsure(out);
    help_.say(std::move(out));
    rest.assign(
        std::make_move_iterator(batch.members.begin() + static_cast<std::ptrdiff_t>(passed) + 1),
        std::make_move_iterator(batch.members.end()));
  }
  put_back(std::move(rest));
  put_back(std::move(batch.parked));  // with what is ahead of them settled they are looked at anew
}

void TargetQueue::verified(Batch& batch, std::size_t members) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < members; ++i) names.push_back(batch.members[i].candidate.proposal);
  if (members == 0) return;
  tip_ = batch.members[members - 1].candidate.commit;
  last_ = names.back();
  passed_.insert(names.begin(), names.end());
  for (std::size_t i = 0; i < members; ++i) {
    auto& candidate = batch.members[i].candidate;
    judge(candidate, batch.passed);
    if (members > 1) {
      candidate.batch = names;
      candidate.tip = tip_;
    }
    help_.say(std::move(candidate));
  }
}

/// Nothing was decided of them, but of those that have passed before.
void TargetQueue::defer(Batch batch, const TestEnd& end) {
  const bool waiting = end.kind == TestEnd::Kind::waiting;
  verified(batch, batch.low);
  for (auto i = batch.low; i < batch.members.size(); ++i) {
    auto& candidate = batch.members[i].candidate;
    give(candidate, waiting ? "waiting" : "deferred", end.why);
    candidate.log = end.result.log;
    if (waiting) help_.overdue(candidate);
    help_.say(std::move(candidate));
  }
  put_back(std::move(batch.parked));
}

/// The target's own commit fails, or cannot be tested: nobody is out for it. Where it fails, the
/// others may hold what mends it.
void TargetQueue::target_is_red(Batch batch, const TestEnd& end) {
  const bool fails = end.kind == TestEnd::Kind::failed;
  if (fails) {
    stuck_.push_back(std::move(batch.members.front()));
    batch.members.erase(batch.members.begin());
  }
  put_back(std::move(batch.members));
  put_back(std::move(batch.parked));
  const auto why =
      fails ? fmt::format("the target is broken: {} fails by itself: {}", target_.branch, end.why)
            : fmt::format("{} by itself could not be tested: {}", target_.branch, end.why);
  if (fails) {
    red_why_ = why;
    red_log_ = end.result.log;
    return;
  }
  put_back(std::exchange(stuck_, {}));
  for (auto& [place, candidate] : std::exchange(waiting_, {})) {
    if (candidate.verdict == "ready") {
      give(candidate, "deferred", why);
      candidate.log = end.result.log;
    }
    help_.say(std::move(candidate));
  }
}

/// None of them mends the target.
void TargetQueue::give_up_on_red() {
  std::ranges::sort(stuck_, {}, &Entry::place);
  for (auto& [place, candidate] : std::exchange(stuck_, {})) {
    give(candidate, "deferred", red_why_);
    candidate.log = red_log_;
    help_.say(std::move(candidate));
  }
}

/// Takes back all that was made on top of a batch.
void TargetQueue::drop_behind(std::size_t place) {
  while (batches_.size() > place + 1) {
    auto& batch = batches_.back();
    if (batch.test) help_.abandon(std::move(batch.test));
    put_back(std::move(batch.members));
    put_back(std::move(batch.parked));
    batches_.pop_back();
  }
}

/// To be merged and tested anew.
void TargetQueue::put_back(std::vector<Entry> entries) {
  for (auto& entry : entries) {
    entry.candidate.commit.clear();
    entry.candidate.tree.clear();
    entry.candidate.conflicts.clear();
    waiting_.emplace(entry.place, std::move(entry.candidate));
  }
}

void TargetQueue::judge(records::Candidate& candidate, const TestEnd& end) {
  candidate.exit_status =
      end.result.log.empty() ? std::nullopt : std::optional<std::int64_t>(end.result.status);
  candidate.log = end.result.log;
  candidate.isolation = end.result.isolation;
  candidate.remembered = end.remembered;
  if (!end.result.log.empty()) candidate.took_ms = end.result.took_ms;
  if (end.result.tries > 1) candidate.tries = end.result.tries;
  switch (end.kind) {
    case TestEnd::Kind::passed:
      return give(candidate, "verified", {});
    case TestEnd::Kind::failed:
      return give(candidate, "rejected", end.why);
    default:
      return give(candidate, "deferred", end.why);
  }
}

}  // namespace cdctl::land
