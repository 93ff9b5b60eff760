#include "core/breaker/recent_ids.hpp"

#include <algorithm>
#include <new>
#include <utility>

#include <sys/mman.h>

namespace cdctl::breaker {

namespace {
constexpr std::size_t k_ahead = 4;
constexpr std::size_t k_huge_page = std::size_t{2} << 20;
}  // namespace

RecentIds::RecentIds() {
  constexpr auto bytes = (k_slots + k_kept) * sizeof(std::uint64_t);
  memory_.reset(static_cast<std::uint64_t*>(
      std::aligned_alloc(k_huge_page, (bytes + k_huge_page - 1) / k_huge_page * k_huge_page)));
  if (!memory_) throw std::bad_alloc();
  // Each look lands on another page: with small ones, half of its time goes into finding the page.
  // A wish, so no error.
  (void)::madvise(memory_.get(), k_slots * sizeof(std::uint64_t), MADV_HUGEPAGE);
  slots_ = {memory_.get(), k_slots};
  ring_ = {memory_.get() + k_slots, k_kept};
  std::ranges::fill(slots_, 0);
  std::ranges::fill(ring_, 0);
}

std::size_t RecentIds::find(std::uint64_t identity) const {
  auto slot = identity & (k_slots - 1);
  while (slots_[slot] != 0 && slots_[slot] != identity) slot = (slot + 1) & (k_slots - 1);
  return slot;
}

void RecentIds::remove(std::uint64_t identity) {
  auto hole = find(identity);
  if (slots_[hole] == 0) return;
  slots_[hole] = 0;
  // Those behind the hole that were pushed along by it move back, so that every search still ends
  // at a free slot.
  for (auto slot = (hole + 1) & (k_slots - 1); slots_[slot] != 0;
       slot = (slot + 1) & (k_slots - 1)) {
    const auto moved = std::exchange(slots_[slot], 0);
    slots_[find(moved)] = moved;
  }
}

bool RecentIds::add(std::uint64_t identity) {
  if (identity == 0) return true;
  const auto slot = find(identity);
  if (slots_[slot] == identity) return false;
  slots_[slot] = identity;
  if (const auto oldest = std::exchange(ring_[next_], identity); oldest != 0) remove(oldest);
  next_ = (next_ + 1) % k_kept;
  expect(ring_[(next_ + k_ahead) % k_kept]);  // forgotten some signals from now
  return true;
}

}  // namespace cdctl::breaker
