#include "core/breaker/window.hpp"

#include <algorithm>
#include <limits>

namespace cdctl::breaker {

void RuleWindow::forget_before(std::int64_t oldest) {
  if (oldest <= oldest_) return;
  for (auto at = oldest_; at < oldest && at <= head_; ++at) {
    auto& gone = bin(at);
    hits_ -= gone.hits;
    total_ -= gone.total;
    gone = {};
  }
  oldest_ = oldest;
}

bool RuleWindow::forget_until(Time time) {
  if (bins_.empty()) return false;
  const auto hits = hits_, total = total_;
  const auto i = index(time);
  forget_before(std::min(i, head_ + 1));
  if (i < oldest_ || i > head_) return hits != hits_ || total != total_;
  const auto offset_of = [&](Time at) {
    return static_cast<std::uint32_t>(at.time_since_epoch().count() - i * width_);
  };
  if (auto& mixed = bin(i); mixed.hits > 0 && mixed.first < offset_of(time)) {
    const std::uint32_t left = last_ >= time && index(last_) == i ? 1 : 0;
    const auto gone = mixed.hits - left;
    hits_ -= gone;
    total_ -= std::min(gone, mixed.total);
    mixed = {left, mixed.total - std::min(gone, mixed.total), left > 0 ? offset_of(last_) : 0};
  }
  return hits != hits_ || total != total_;
}

void RuleWindow::advance(Time clock) {
  if (bins_.empty() || (clock >= same_from_ && clock < same_until_)) return;
  const auto i = index(clock);
  forget_before(i - k_bins);
  same_from_ = Time(Millis(i * width_));
  same_until_ = same_from_ + Millis(width_);
}

void RuleWindow::clear() {
  if (hits_ == 0 && total_ == 0) return;
  std::ranges::fill(bins_, Bin());
  hits_ = total_ = 0;
}

void RuleWindow::add(Time at, std::uint64_t hits, std::uint64_t total) {
  const auto i = index(at);
  if (bins_.empty()) {
    bins_.resize(k_ring);
    head_ = oldest_ = i;
  }
  if (i > head_) {
    forget_before(i - k_bins);
    head_ = i;
    oldest_ = std::min(std::max(oldest_, i - k_bins), i);
  } else if (i < oldest_) {
    if (i < head_ - k_bins) return;  // too late to count
    oldest_ = i;
  }
  if (at < same_from_) same_until_ = {};  // it may be too old already: the next look decides
  auto& b = bin(i);
  constexpr std::uint64_t most = std::numeric_limits<std::uint32_t>::max();
  const auto more = [](std::uint32_t& sum, std::uint64_t& all, std::uint64_t by) {
    const auto added = std::min(by, most - sum);
    sum += static_cast<std::uint32_t>(added);
    all += added;
  };
  const auto offset = static_cast<std::uint32_t>(std::min<std::int64_t>(
      at.time_since_epoch().count() - i * width_, std::numeric_limits<std::uint32_t>::max()));
  if (hits > 0) {
    b.first = b.hits == 0 ? offset : std::min(b.first, offset);
    last_ = std::max(last_, at);
  }
  more(b.hits, hits_, hits);
  more(b.total, total_, total);
}

Time RuleWindow::first() const {
  for (auto at = oldest_; at <= head_; ++at)
    if (const auto& b = bin(at); b.hits > 0) return Time(Millis(at * width_ + b.first));
  return last_;
}

RuleWindow::Blocks RuleWindow::blocks(Time clock, Millis period) const {
  Blocks out;
  if (bins_.empty()) return out;
  const auto count = std::clamp<std::int64_t>((period.count() + width_ - 1) / width_, 1, k_bins);
  const auto newest = std::max(index(clock), head_ - k_bins + 1);
  for (auto at = std::max(oldest_, newest - count + 1); at <= head_; ++at) {
    const auto block =
        std::min<std::int64_t>((at - (newest - count + 1)) * k_blocks / count, k_blocks - 1);
    auto& sum = out[static_cast<std::size_t>(block)];
    sum.hits += bin(at).hits;
    sum.total += bin(at).total;
  }
  return out;
}

}  // namespace cdctl::breaker
