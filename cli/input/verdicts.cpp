#include "cli/input/verdicts.hpp"

#include <algorithm>
#include <utility>

#include <cdctl/stop.hpp>

namespace cdctl::cli {

namespace {
constexpr Millis k_first_pause(5000), k_longest_pause(60'000);
constexpr std::size_t k_most_waiting = 10'000;
}  // namespace

actions::CutOptions cut_options(const Arguments& args, const std::vector<SetName>& even_last,
                                const SetName& set) {
  return {args.has("dry-run"), std::ranges::find(even_last, set) != even_last.end()};
}

void Verdicts::act(const SetName& set, const actions::CutCause& cause) {
  std::erase_if(waiting_, [&](const Waiting& one) { return one.set == set; });
  attempt({.set = set, .cause = cause});
}

void Verdicts::act_on_due() {
  const auto current = Clock::now();
  for (auto& one : std::exchange(waiting_, {}))
    if (one.at > current)
      waiting_.push_back(std::move(one));
    else if (!Stop::requested())
      attempt(std::move(one));
}

int Verdicts::wait_ms() const {
  if (waiting_.empty()) return -1;
  const auto at = std::ranges::min_element(waiting_, {}, &Waiting::at)->at;
  const auto left = std::chrono::ceil<Millis>(at - Clock::now());
  return static_cast<int>(std::max(left, Millis(0)).count());
}

void Verdicts::attempt(Waiting one) {
  const auto ended = actions::try_to_cut(
      context_, one.set, one.cause, cut_options(args_, even_last_, one.set), Deadline(timeout_));
  if (ended != ExitCode::unknown && ended != ExitCode::timeout) return;
  if (waiting_.size() == k_most_waiting) return;  // it was reported
  one.pause = std::clamp(one.pause * 2, k_first_pause, k_longest_pause);
  one.at = Clock::now() + one.pause;
  waiting_.push_back(std::move(one));
}

}  // namespace cdctl::cli
