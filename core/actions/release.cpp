#include "core/actions/release.hpp"

#include <chrono>
#include <string>
#include <vector>

#include <fmt/format.h>

#include <cdctl/stop.hpp>
#include <cdctl/text.hpp>

namespace cdctl::actions {

namespace {

constexpr std::size_t k_longest_line = 400;  // bytes of its output in a record, and in an error
constexpr Millis k_note(10'000);             // that it is done, whatever is left of the deadline

std::string last_words(const Ran& ran, const Hide& hide) {
  return ran.said.empty() ? "nothing" : printable(hide(ran.said.back()), k_longest_line);
}

}  // namespace

Result<> Release::run(Claim& claim, const Workload& workload, const Hide& hide) {
  context_.progress(
      fmt::format("{}: waiting for its turn to run the {} command", set_.str(), k_release));
  CDCTL_TRY_ASSIGN(const auto turn, transaction_.memory().lock_release(set_.service, deadline_));
  CDCTL_TRY(transaction_.read());
  const auto& entry = transaction_.entry();
  if (!entry || !entry->set || entry->set->reaped_at)
    return fail(
        fmt::format("the memory has forgotten the set before its {} command could run", k_release));
  if (entry->set->released_at) return {};
  if (entry->set->release_begun)
    context_.out.note(
        fmt::format("{}: its {} command was begun before, at {}, and did not come to "
                    "a good end; it runs again",
                    set_.str(), k_release, to_rfc3339(*entry->set->release_begun)));
  const auto begun = now();
  CDCTL_TRY(note(begun, {}, deadline_));
  crash_point("deploy.releasing");
  context_.progress(fmt::format("{}: running its {} command", set_.str(), k_release));
  const auto from = std::chrono::steady_clock::now();
  CDCTL_TRY_ASSIGN(const auto ran, claim.run(workload, deadline_));
  tell(ran, std::chrono::duration_cast<Millis>(std::chrono::steady_clock::now() - from), hide);
  if (!ran.ok())
    return fail(ran.exit,
                fmt::format("its {} command failed: {}; last output: {}; all of it: cdctl "
                            "logs {}/{}",
                            k_release, ran.end, last_words(ran, hide), set_.str(), k_release));
  crash_point("deploy.released");
  CDCTL_TRY(note(begun, now(), Deadline(k_note)));
  crash_point("deploy.release-noted");
  return {};
}

/// Under the service's lock, for whoever takes the set over from a home that is gone writes there,
/// too.
Result<> Release::note(std::optional<Time> begun, std::optional<Time> done,
                       const Deadline& deadline) {
  auto& memory = transaction_.memory();
  CDCTL_TRY_ASSIGN(const auto lock, memory.lock(set_.service, deadline));
  CDCTL_TRY_ASSIGN(const auto known, memory.read(set_.service, deadline));
  const auto at = known.find(set_.str());
  const auto& home = transaction_.entry()->set->home;
  if (at == known.end() || !at->second.set || at->second.set->reaped_at ||
      at->second.set->home != home)
    return fail(fmt::format("the set is not of home {} any more", home));
  auto memo = *at->second.set;
  memo.release_begun = begun;
  memo.released_at = done;
  return memory.put_set(memo, deadline);
}

void Release::tell(const Ran& ran, Millis took, const Hide& hide) {
  std::vector<std::string> said;
  for (const auto& line : ran.said) said.push_back(printable(hide(line), k_longest_line));
  outcome_.changed();
  outcome_.set("release", Json::object({{"ok", ran.ok()},
                                        {"end", ran.end},
                                        {"took_ms", took.count()},
                                        {"said", Json::strings(said)}}));
}

}  // namespace cdctl::actions
