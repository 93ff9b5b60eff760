#include <cdctl/text.hpp>

#include <algorithm>
#include <cwchar>
#include <vector>

#include <fmt/format.h>
#include <locale.h>
#include <wchar.h>

namespace cdctl {

namespace {

bool lower(char c) { return c >= 'a' && c <= 'z'; }
bool digit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

bool valid_word(std::string_view text) {
  if (text.empty() || text.size() > 38) return false;
  bool start = true;  // of a part: a letter must follow
  for (const char c : text) {
    if (c == '-') {
      if (start) return false;
      start = true;
    } else if (start) {
      if (!lower(c)) return false;
      start = false;
    } else if (!lower(c) && !digit(c)) {
      return false;
    }
  }
  return !start;
}

bool glob_match(std::string_view pattern, std::string_view text) {
  std::size_t p = 0, t = 0, star = std::string_view::npos, mark = 0;
  while (t < text.size()) {
    if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == text[t]) && pattern[p] != '*') {
      ++p;
      ++t;
    } else if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      mark = t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++mark;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

namespace {

/// Letters added, left out or replaced, or two neighbours that changed places.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    before.swap(last);
    last.swap(row);
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      row[j] =
          std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        row[j] = std::min(row[j], before[j - 2] + 1);
    }
  }
  return row.back();
}

/// The only candidate that goes on where `word` ends: `warn` is `warning`.
std::string only_longer(std::string_view word, std::span<const std::string> candidates) {
  std::string out;
  if (word.size() < 3) return out;
  for (const auto& candidate : candidates) {
    if (!candidate.starts_with(word)) continue;
    if (!out.empty()) return {};
    out = candidate;
  }
  return out;
}

}  // namespace

std::string nearest(std::string_view word, std::span<const std::string> candidates) {
  if (word.size() > 64) return {};
  std::string best;
  auto least = std::max<std::size_t>(1, (word.size() + 1) / 3) + 1;
  for (const auto& candidate : candidates) {
    if (const auto distance = edit_distance(word, candidate); distance < least) {
      least = distance;
      best = candidate;
    }
  }
  return best.empty() ? only_longer(word, candidates) : best;
}

std::vector<std::string_view> lines(std::string_view text) {
  std::vector<std::string_view> out;
  while (!text.empty()) out.push_back(take_until(text, '\n'));
  return out;
}

std::vector<std::string_view> words(std::string_view text) {
  std::vector<std::string_view> out;
  for (std::size_t at = 0; (at = text.find_first_not_of(" \t", at)) != text.npos;) {
    const auto end = std::min(text.find_first_of(" \t", at), text.size());
    out.push_back(text.substr(at, end - at));
    at = end;
  }
  return out;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> out;
  if (text.empty()) return out;
  for (;;) {
    const auto end = text.find(separator);
    out.push_back(text.substr(0, end));
    if (end == text.npos) return out;
    text.remove_prefix(end + 1);
  }
}

std::string_view take_until(std::string_view& text, char end) {
  const auto at = std::min(text.find(end), text.size());
  const auto out = text.substr(0, at);
  text.remove_prefix(std::min(at + 1, text.size()));
  return out;
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view k_blanks = " \t\r\n";
  const auto from = std::min(text.find_first_not_of(k_blanks), text.size());
  const auto to = text.find_last_not_of(k_blanks);
  return from == text.size() ? std::string_view() : text.substr(from, to + 1 - from);
}

std::string joined(std::span<const std::string> items, std::string_view between) {
  std::string out;
  for (const auto& item : items) {
    if (&item != &items.front()) out += between;
    out += item;
  }
  return out;
}

std::string plural(std::int64_t count, std::string_view noun) {
  return plural(count, noun, std::string(noun) + (noun.ends_with('s') ? "es" : "s"));
}

std::string plural(std::int64_t count, std::string_view one, std::string_view many) {
  return fmt::format("{} {}", count, count == 1 ? one : many);
}

std::string did_you_mean(std::string_view word, std::span<const std::string> candidates,
                         std::string_view before, std::string_view after) {
  const auto close = nearest(word, candidates);
  return close.empty() ? "" : fmt::format("; did you mean {}{}{}?", before, close, after);
}

std::size_t first_character(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const auto first = byte(0);
  const std::size_t length = first < 0xc2 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  if (first > 0xf4 || length > text.size()) return 1;
  for (std::size_t i = 1; i < length; ++i)
    if ((byte(i) & 0xc0) != 0x80) return 1;
  // Longer than it need be, a surrogate, or beyond the last character (RFC 3629)
  if (length > 2 && ((first == 0xe0 && byte(1) < 0xa0) || (first == 0xed && byte(1) > 0x9f) ||
                     (first == 0xf0 && byte(1) < 0x90) || (first == 0xf4 && byte(1) > 0x8f)))
    return 1;
  return length;
}

namespace {

/// The columns of one character. The C library knows them, in its locale C.UTF-8, which every
/// Debian has built in.
std::size_t width_of(std::string_view character) {
  if (character.size() == 1) return 1;
  static const locale_t utf8 = ::newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
  if (!utf8) return 1;
  const auto before = ::uselocale(utf8);
  wchar_t wide = 0;
  std::mbstate_t state{};
  const auto read = std::mbrtowc(&wide, character.data(), character.size(), &state);
  const int columns = read == character.size() ? ::wcwidth(wide) : 1;
  ::uselocale(before);
  return columns < 0 ? 1 : static_cast<std::size_t>(columns);
}

}  // namespace

std::size_t display_width(std::string_view text) {
  std::size_t out = 0;
  while (!text.empty()) {
    const auto length = first_character(text);
    out += width_of(text.substr(0, length));
    text.remove_prefix(length);
  }
  return out;
}

std::string fit(std::string_view text, std::size_t columns, std::string_view mark) {
  if (display_width(text) <= columns) return std::string(text);
  if (display_width(mark) > columns) mark = {};  // no room even for that
  const auto room = columns - display_width(mark);
  std::size_t used = 0, end = 0;
  while (end < text.size()) {
    const auto length = first_character(text.substr(end));
    used += width_of(text.substr(end, length));
    if (used > room) break;
    end += length;
  }
  return std::string(text.substr(0, end)) + std::string(mark);
}

std::optional<std::string> from_base64(std::string_view text) {
  constexpr std::string_view k_digits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  while (text.ends_with('=')) text.remove_suffix(1);
  std::string out;
  unsigned bits = 0, held = 0;
  for (const char c : text) {
    const auto digit = k_digits.find(c);
    if (digit == k_digits.npos) return {};
    held = held << 6 | static_cast<unsigned>(digit);
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    out += static_cast<char>(held >> bits & 0xff);
  }
  return out;
}

}  // namespace cdctl
