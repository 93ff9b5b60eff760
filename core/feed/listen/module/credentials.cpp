#include "core/feed/listen/module/credentials.hpp"

#include <cstdint>

namespace cdctl::feed::listen {

namespace {

/// What base64 says; empty when it is not that. One of text ends in at most two `=`.
std::string decoded(std::string_view base64) {
  constexpr std::string_view k_digits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (int i = 0; i < 2 && base64.ends_with('='); ++i) base64.remove_suffix(1);
  std::string out;
  std::uint32_t bits = 0;
  int count = 0;
  for (const char c : base64) {
    const auto digit = k_digits.find(c);
    if (digit == std::string_view::npos) return {};
    bits = bits << 6 | static_cast<std::uint32_t>(digit);
    count += 6;
    if (count < 8) continue;
    count -= 8;
    out.push_back(static_cast<char>(bits >> count & 0xff));
  }
  return out;
}

}  // namespace

std::string password_of(std::string_view base64) {
  const auto pair = decoded(base64);
  const auto colon = pair.find(':');
  return colon == std::string::npos ? std::string() : pair.substr(colon + 1);
}

}  // namespace cdctl::feed::listen
