#include "core/breaker/flat_text.hpp"

#include <charconv>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace cdctl::breaker {

namespace {

/// A bit for each of 64 bytes that is not plain: a quote, a backslash, a control character, or not
/// ASCII.
std::uint64_t odd_bytes(const char* at) {
  std::uint64_t out = 0;
#ifdef __SSE2__
  const auto quote = _mm_set1_epi8('"'), slash = _mm_set1_epi8('\\'), blank = _mm_set1_epi8(0x20);
  for (int i = 0; i < 4; ++i) {
    const auto bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at + i * 16));
    // As signed bytes everything beyond ASCII is below a blank, too.
    const auto odd =
        _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(bytes, quote), _mm_cmpeq_epi8(bytes, slash)),
                     _mm_cmplt_epi8(bytes, blank));
    out |= std::uint64_t{static_cast<unsigned>(_mm_movemask_epi8(odd))} << (i * 16);
  }
#else
  for (int i = 0; i < 64; ++i)
    out |= std::uint64_t{static_cast<signed char>(at[i]) < 0x20 || at[i] == '"' || at[i] == '\\'}
           << i;
#endif
  return out;
}

}  // namespace

FlatText::FlatText(std::string_view text)
    : begin_(text.data()), at_(text.data()), end_(text.data() + text.size()) {
  while (end_ > begin_ && end_[-1] == '\r') --end_;  // of a line that ends in two characters
  const auto size = static_cast<std::size_t>(end_ - begin_);
  if (size == 0 || size > k_longest) return;
  blocks_ = (size + 63) / 64;
  for (std::size_t i = 0; i < blocks_; ++i) odd_of_[i] = odd_bytes(begin_ + i * 64);
  if (const auto rest = size % 64; rest != 0)
    odd_of_[blocks_ - 1] &= (std::uint64_t{1} << rest) - 1;
  odd_ = odd_of_[0];
}

std::optional<std::uint64_t> FlatText::number() {
  skip_space();
  if (at_ >= end_ || *at_ < '0' || *at_ > '9') return {};
  std::uint64_t out = 0;
  const auto [stop, error] = std::from_chars(at_, end_, out);
  const bool leading_zero = *at_ == '0' && stop - at_ > 1;
  if (error != std::errc() || leading_zero ||
      (stop < end_ && (*stop == '.' || *stop == 'e' || *stop == 'E')))
    return {};
  at_ = stop;
  return out;
}

bool FlatText::skip_scalar() {
  skip_space();
  for (const std::string_view word : {"true", "false", "null"})
    if (std::string_view(at_, static_cast<std::size_t>(end_ - at_)).starts_with(word)) {
      at_ += word.size();
      return true;
    }
  return number().has_value();
}

}  // namespace cdctl::breaker
