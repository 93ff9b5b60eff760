#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "core/breaker/set_state.hpp"

namespace cdctl::breaker {

/// A hash for tables that live as long as the process: of a few words in a few steps, and of no use
/// against people who look for texts that collide.
[[nodiscard]] std::uint64_t quick_hash(std::string_view text);

/// All sets heard of, found by name. Owns them; none ever leaves.
class SetIndex {
 public:
  SetIndex() : slots_(64) {}
  /// nullptr when it was not added.
  [[nodiscard]] BreakerSet* find(std::string_view name) const;
  BreakerSet& add(std::unique_ptr<BreakerSet> set);
  [[nodiscard]] auto begin() const { return sets_.begin(); }
  [[nodiscard]] auto end() const { return sets_.end(); }

 private:
  struct Slot {
    std::uint64_t hash = 0;
    BreakerSet* set = nullptr;
  };
  void place(Slot slot);

  std::vector<Slot> slots_;  ///< open addressing; at most half of them are taken
  std::vector<std::unique_ptr<BreakerSet>> sets_;
};

}  // namespace cdctl::breaker
