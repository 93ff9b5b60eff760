// printable() of text.hpp. Apart from the rest, since it needs the JSON library: the supervisor of
// a local set has text.cpp and no JSON.

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include <cdctl/json.hpp>
#include <cdctl/text.hpp>

namespace cdctl {

namespace {

/// Code points that a terminal obeys (C1), that turn text round (Unicode: Bidi_Control), that break
/// a line, or that XML forbids.
bool plays_tricks(unsigned code) {
  return (code >= 0x80 && code <= 0x9f) || code == 0x61c || code == 0x200e || code == 0x200f ||
         (code >= 0x2028 && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069) ||
         code == 0xfffe || code == 0xffff;
}

/// How long the character is that valid UTF-8 begins with, and its code point where that is below
/// 0x10000 (else 0).
std::pair<std::size_t, unsigned> length_and_code(std::string_view text) {
  const auto byte = [&](std::size_t i) {
    return static_cast<unsigned>(static_cast<unsigned char>(text[i]));
  };
  if (byte(0) < 0x80) return {1, byte(0)};
  if (byte(0) < 0xe0) return {2, (byte(0) & 0x1f) << 6 | (byte(1) & 0x3f)};
  if (byte(0) < 0xf0) return {3, (byte(0) & 0x0f) << 12 | (byte(1) & 0x3f) << 6 | (byte(2) & 0x3f)};
  return {4, 0};
}

}  // namespace

std::string printable(std::string_view text, std::size_t most) {
  auto end = std::min(text.size(), most);
  while (end > 0 && end < text.size() && most - end < 3 &&
         (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80)
    --end;  // not inside a character
  std::string quoted, out;
  append_json_string(quoted, text.substr(0, end));
  for (auto rest = std::string_view(quoted).substr(1, quoted.size() - 2); !rest.empty();) {
    if (rest.starts_with("\\\"") || rest.starts_with("\\\\"))
      rest.remove_prefix(1);  // what only JSON escapes: people see it as it is
    const auto [length, code] = length_and_code(rest);
    if (plays_tricks(code))
      out += fmt::format("\\u{:04x}", code);
    else
      out += rest.substr(0, length);
    rest.remove_prefix(length);
  }
  if (end < text.size()) out += "…";
  return out;
}

}  // namespace cdctl
