#include "core/breaker/set_index.hpp"

#include <cstring>
#include <utility>

namespace cdctl::breaker {

namespace {

constexpr std::uint64_t k_odd = 0x9e3779b97f4a7c15ULL, k_other = 0xd6e8feb86659fd93ULL;

std::uint64_t word_at(const char* at) {
  std::uint64_t out = 0;
  std::memcpy(&out, at, sizeof out);
  return out;
}

/// Both halves of the long product, so that every bit of the input reaches every bit of the output.
std::uint64_t stir(std::uint64_t a, std::uint64_t b) {
  const auto product = static_cast<unsigned __int128>(a) * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

}  // namespace

std::uint64_t quick_hash(std::string_view text) {
  const auto size = text.size();
  const auto* at = text.data();
  auto hash = (size + 1) * k_odd;
  if (size < 8) {
    std::uint64_t word = 0;
    for (std::size_t i = 0; i < size; ++i) word = word << 8 | static_cast<unsigned char>(at[i]);
    return stir(hash ^ word, k_other);
  }
  for (std::size_t i = 0; i + 8 < size; i += 8) hash = stir(hash ^ word_at(at + i), k_odd);
  return stir(hash ^ word_at(at + size - 8), k_other);  // the last word may overlap the one before
}

BreakerSet* SetIndex::find(std::string_view name) const {
  const auto hash = quick_hash(name);
  for (auto at = hash;; ++at) {
    const auto& slot = slots_[at & (slots_.size() - 1)];
    if (!slot.set) return nullptr;
    if (slot.hash == hash && slot.set->is(name)) return slot.set;
  }
}

void SetIndex::place(Slot slot) {
  auto at = slot.hash;
  while (slots_[at & (slots_.size() - 1)].set) ++at;
  slots_[at & (slots_.size() - 1)] = slot;
}

BreakerSet& SetIndex::add(std::unique_ptr<BreakerSet> set) {
  set->text.copy(set->label.data(), set->label.size());
  if (sets_.size() * 2 >= slots_.size()) {
    const auto before = std::exchange(slots_, std::vector<Slot>(slots_.size() * 2));
    for (const auto& slot : before)
      if (slot.set) place(slot);
  }
  place({quick_hash(set->text), set.get()});
  return *sets_.emplace_back(std::move(set));
}

}  // namespace cdctl::breaker
