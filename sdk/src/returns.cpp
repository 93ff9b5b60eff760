#include <cdctl/returns.hpp>

#include <algorithm>

#include <fmt/format.h>

#include <cdctl/text.hpp>

namespace cdctl {

void note_cut(CutMemo& memo, Time at) {
  memo.cuts.push_back(at);
  if (memo.cuts.size() > k_remembered_cuts) memo.cuts.erase(memo.cuts.begin());
}

std::int64_t recent_cuts(const CutMemo& memo, Time at) {
  return std::ranges::count_if(memo.cuts,
                               [&](Time cut) { return at - cut < std::chrono::hours(24); });
}

namespace {

std::string ordinal(std::int64_t number) {
  const auto tens = number % 100, ones = number % 10;
  const bool teens = tens > 10 && tens < 14;
  return fmt::format("{}{}", number,
                     teens || ones == 0 || ones > 3 ? "th"
                     : ones == 1                    ? "st"
                     : ones == 2                    ? "nd"
                                                    : "rd");
}

std::string outlook(const ReturnsLeft& returns) {
  const auto left = returns.left();
  if (left > 0)
    return fmt::format("a message that their workers held each time survives {} more", left);
  if (left == 0) return "the next one gives up what its workers held each time";
  return "what their workers held each time may have been given up: look at the dead letters";
}

}  // namespace

std::string ReturnsLeft::text() const {
  return fmt::format("the queue {} gives a message up at its {} return; {} in the last 24h: {}",
                     printable(queue, 80), ordinal(limit + 1), plural(cuts, "cut"),
                     cuts > 0 ? outlook(*this)
                              : fmt::format("each counts for all that its workers have prefetched, "
                                            "and {} of them are survived",
                                            limit));
}

}  // namespace cdctl
