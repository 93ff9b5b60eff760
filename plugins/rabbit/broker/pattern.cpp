#include "plugins/rabbit/broker/pattern.hpp"

#include <array>
#include <cstdint>
#include <memory>
#include <string>

#include <fmt/format.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <cdctl/text.hpp>

namespace cdctl::rabbit {

namespace {

// What a pattern in use needs is a thousandth of it. The compiler's own bounds (nesting, size of
// what repeats make) are PCRE's.
constexpr std::size_t k_longest = 16'384;
constexpr std::uint32_t k_steps = 100'000, k_depth = 10'000, k_heap_kib = 8'192;

template <auto Free>
struct Freeing {
  template <class Thing>
  void operator()(Thing* thing) const {
    Free(thing);
  }
};
using Code = std::unique_ptr<pcre2_code, Freeing<pcre2_code_free>>;
using Match = std::unique_ptr<pcre2_match_data, Freeing<pcre2_match_data_free>>;
using MatchContext = std::unique_ptr<pcre2_match_context, Freeing<pcre2_match_context_free>>;

PCRE2_SPTR bytes(std::string_view text) { return reinterpret_cast<PCRE2_SPTR>(text.data()); }

std::unexpected<Error> trouble(std::string_view pattern, int code) {
  std::array<PCRE2_UCHAR, 120> text{};
  pcre2_get_error_message(code, text.data(), text.size());
  return fail(fmt::format("the pattern {}: {}", printable(pattern, 80),
                          reinterpret_cast<const char*>(text.data())));
}

}  // namespace

Result<bool> matches(std::string_view pattern, std::string_view name) {
  if (pattern.size() > k_longest)
    return fail(
        fmt::format("the pattern {}: longer than {} bytes", printable(pattern, 80), k_longest));
  int code = 0;
  PCRE2_SIZE at = 0;
  const Code expression(
      pcre2_compile(bytes(pattern), pattern.size(), PCRE2_NEVER_UTF, &code, &at, nullptr));
  if (!expression) return trouble(pattern, code);
  const MatchContext bounds(pcre2_match_context_create(nullptr));
  const Match found(pcre2_match_data_create(1, nullptr));
  if (!bounds || !found) return trouble(pattern, PCRE2_ERROR_NOMEMORY);
  pcre2_set_match_limit(bounds.get(), k_steps);
  pcre2_set_depth_limit(bounds.get(), k_depth);
  pcre2_set_heap_limit(bounds.get(), k_heap_kib);
  code = pcre2_match(expression.get(), bytes(name), name.size(), 0, 0, found.get(), bounds.get());
  if (code == PCRE2_ERROR_NOMATCH) return false;
  return code >= 0 ? Result<bool>(true) : trouble(pattern, code);
}

}  // namespace cdctl::rabbit
