#pragma once

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <span>

namespace cdctl::breaker {

/// Identities seen lately: a duplicate within the last `k_kept` signals is found; beyond that it
/// counts again.
class RecentIds {
 public:
  static constexpr std::size_t k_kept = 1u << 17;
  RecentIds();
  /// False when it was seen.
  bool add(std::uint64_t identity);
  /// The table is larger than a cache: fetches the place of an identity that is added soon.
  void expect(std::uint64_t identity) const {
    __builtin_prefetch(&slots_[identity & (k_slots - 1)]);
  }

 private:
  static constexpr std::size_t k_slots = k_kept * 2;
  std::size_t find(std::uint64_t identity) const;
  void remove(std::uint64_t identity);

  struct Free {
    void operator()(void* memory) const { std::free(memory); }
  };
  std::unique_ptr<std::uint64_t, Free> memory_;
  std::span<std::uint64_t> slots_;  ///< open addressing, 0 = free
  std::span<std::uint64_t> ring_;
  std::size_t next_ = 0;
};

}  // namespace cdctl::breaker
