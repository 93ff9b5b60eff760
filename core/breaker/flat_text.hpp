#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace cdctl::breaker {

/// Steps through the text of one flat JSON object without copying. Knows strings of plain ASCII
/// without escapes, whole numbers, words, and one level of objects; whatever else it meets, it
/// gives up, and a JSON parser has to look. The odd bytes of the whole text (quotes, and what is
/// not plain) are found first, 64 at a time, so that a string costs a few steps however long it is.
/// Reads up to 64 bytes behind the end.
class FlatText {
 public:
  static constexpr std::size_t k_longest = 4096;  ///< a longer text has no strings here

  explicit FlatText(std::string_view text);

  /// Takes `c`, after white space.
  bool take(char c) {
    if (at_ < end_ && *at_ != c) skip_space();
    if (at_ >= end_ || *at_ != c) return false;
    ++at_;
    return true;
  }
  [[nodiscard]] bool sees(char c) {
    if (at_ < end_ && *at_ == c) return true;
    skip_space();
    return at_ < end_ && *at_ == c;
  }
  /// A string without its quotes; false when it is none, or not of the plain kind.
  bool string(std::string_view& out) {
    if (!take('"') || next_odd() != at_ - 1) return false;
    const auto* stop = next_odd();
    if (stop >= end_ || *stop != '"') return false;
    out = {at_, static_cast<std::size_t>(stop - at_)};
    at_ = stop + 1;
    return true;
  }
  /// A whole number from 0; empty when it is another value.
  std::optional<std::uint64_t> number();
  /// A number, true, false or null that does not matter.
  bool skip_scalar();
  [[nodiscard]] bool at_end() {
    skip_space();
    return at_ == end_;
  }

 private:
  void skip_space() {
    while (at_ < end_ && (*at_ == ' ' || *at_ == '\t' || *at_ == '\r')) ++at_;
  }
  /// The next odd byte that was not taken yet; end_ behind the last one.
  const char* next_odd() {
    while (odd_ == 0) {
      if (++block_ >= blocks_) return end_;
      odd_ = odd_of_[block_];
    }
    const auto* out = begin_ + block_ * 64 + static_cast<std::size_t>(__builtin_ctzll(odd_));
    odd_ &= odd_ - 1;
    return out;
  }

  const char* begin_;
  const char* at_;
  const char* end_;
  std::size_t block_ = 0, blocks_ = 0;
  std::uint64_t odd_ = 0;  ///< a bit for each odd byte of this block that is still to come
  std::array<std::uint64_t, k_longest / 64>
      odd_of_;  ///< the same of each block; only the first blocks_ are set
};

}  // namespace cdctl::breaker
