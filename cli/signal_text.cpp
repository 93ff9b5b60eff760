#include "signal_text.hpp"

#include <bit>
#include <charconv>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace cdctl::cli {

namespace {

/// The first byte that is not plain: a quote, a backslash, a control character, or not ASCII.
const char* end_of_plain(const char* at, const char* end) {
#ifdef __SSE2__
  const auto quote = _mm_set1_epi8('"'), slash = _mm_set1_epi8('\\'), blank = _mm_set1_epi8(0x20);
  while (at < end) {
    const auto bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
    // As signed bytes everything beyond ASCII is below a blank, too.
    const auto odd = _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(bytes, quote), _mm_cmpeq_epi8(bytes, slash)), _mm_cmplt_epi8(bytes, blank));
    if (const auto mask = static_cast<unsigned>(_mm_movemask_epi8(odd)); mask != 0) return at + std::countr_zero(mask);
    at += 16;
  }
  return end;
#else
  while (at < end && static_cast<signed char>(*at) >= 0x20 && *at != '"' && *at != '\\') ++at;
  return at;
#endif
}

}  // namespace

bool FlatText::take(char c) {
  if (at_ < end_ && *at_ != c) skip_space();
  if (at_ >= end_ || *at_ != c) return false;
  ++at_;
  return true;
}

bool FlatText::sees(char c) {
  skip_space();
  return at_ < end_ && *at_ == c;
}

std::optional<std::string_view> FlatText::string() {
  if (!take('"')) return {};
  const auto* stop = end_of_plain(at_, end_);
  if (stop >= end_ || *stop != '"') return {};
  const std::string_view out(at_, static_cast<std::size_t>(stop - at_));
  at_ = stop + 1;
  return out;
}

std::optional<std::uint64_t> FlatText::number() {
  skip_space();
  if (at_ >= end_ || *at_ < '0' || *at_ > '9') return {};
  std::uint64_t out = 0;
  const auto [stop, error] = std::from_chars(at_, end_, out);
  const bool leading_zero = *at_ == '0' && stop - at_ > 1;
  if (error != std::errc() || leading_zero || (stop < end_ && (*stop == '.' || *stop == 'e' || *stop == 'E'))) return {};
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

bool FlatText::at_end() {
  skip_space();
  return at_ == end_;
}

}  // namespace cdctl::cli
