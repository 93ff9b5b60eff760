#include <cdctl/names.hpp>

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <sha2.h>
#include <sys/random.h>

namespace cdctl {

namespace {

bool lower(char c) { return c >= 'a' && c <= 'z'; }
bool digit(char c) { return c >= '0' && c <= '9'; }
bool hex(char c) { return digit(c) || (c >= 'a' && c <= 'f'); }

std::string to_hex(const unsigned char* bytes, std::size_t count) {
  std::string out;
  out.reserve(count * 2);
  for (std::size_t i = 0; i < count; ++i) {
    constexpr std::string_view digits = "0123456789abcdef";
    out += digits[bytes[i] >> 4];
    out += digits[bytes[i] & 15];
  }
  return out;
}

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

bool valid_revision(std::string_view text) {
  return text.size() == 11 && text.front() == 'r' && std::ranges::all_of(text.substr(1), hex);
}

bool valid_service_name(std::string_view name) {
  if (!valid_word(name)) return false;
  const auto dash = name.rfind('-');
  return dash == std::string_view::npos ? !valid_revision(name) : !valid_revision(name.substr(dash + 1));
}

std::optional<SetName> parse_set_name(std::string_view text) {
  if (text.size() < 13) return {};
  const auto service = text.substr(0, text.size() - 12);
  const auto revision = text.substr(text.size() - 11);
  if (text[text.size() - 12] != '-' || !valid_revision(revision) || !valid_service_name(service)) return {};
  return SetName{std::string(service), std::string(revision)};
}

Json to_json(const Sources& sources) {
  Json out = Json::object();
  for (const auto& [name, state] : sources) {
    Json entry = Json::object({{"kind", state.kind}});
    if (!state.url.empty()) entry.set("url", state.url);
    entry.set("revision", state.revision);
    if (state.number) entry.set("number", *state.number);
    out.set(name, std::move(entry));
  }
  return out;
}

Result<Sources> sources_from_json(const Json& json) {
  Sources out;
  if (!json.is_object()) return fail("sources is not an object");
  for (const auto& [name, entry] : json.members()) {
    const auto& number = entry["number"];
    SourceState state{entry["kind"].as_string(), entry["url"].as_string(), entry["revision"].as_string(),
                      number.is_int() ? std::optional(number.as_int()) : std::nullopt};
    const auto plain = [](std::string_view text) {
      return !text.empty() && text.size() <= 1024 && std::ranges::none_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x20; });
    };
    if (!valid_word(name)) return fail(fmt::format("'{}' is no source name", printable(name, 60)));
    if (!valid_word(state.kind) || !plain(state.revision)) return fail(fmt::format("source {} has no usable kind and revision", name));
    if (!out.emplace(name, std::move(state)).second) return fail(fmt::format("source {} is there twice", name));
  }
  return out;
}

std::string revision_id(const Sources& sources) {
  std::string lines;
  for (const auto& [name, state] : sources) lines += fmt::format("{}={}:{}\n", name, state.kind, state.revision);
  return "r" + sha256_hex(lines).substr(0, 10);
}

std::string sha256_hex(std::string_view bytes) {
  SHA2_CTX context;
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
  SHA256Init(&context);
  SHA256Update(&context, reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
  SHA256Final(digest.data(), &context);
  return to_hex(digest.data(), digest.size());
}

std::string random_hex(std::size_t bytes) {
  std::vector<unsigned char> raw(bytes);
  std::size_t have = 0;
  while (have < bytes) {
    const auto got = getrandom(raw.data() + have, bytes - have, 0);
    if (got > 0) have += static_cast<std::size_t>(got);
  }
  return to_hex(raw.data(), raw.size());
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

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    auto diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const auto above = row[j];
      row[j] = std::min({above + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)});
      diagonal = above;
    }
  }
  return row.back();
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
  return best;
}

namespace {

/// Code points that a terminal obeys (C1), that turn text round (Unicode: Bidi_Control), that break a line, or that XML forbids.
bool plays_tricks(unsigned code) {
  return (code >= 0x80 && code <= 0x9f) || code == 0x61c || code == 0x200e || code == 0x200f || (code >= 0x2028 && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069) ||
         code == 0xfffe || code == 0xffff;
}

/// How long the character is that valid UTF-8 begins with, and its code point where that is below 0x10000 (else 0).
std::pair<std::size_t, unsigned> first_character(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned>(static_cast<unsigned char>(text[i])); };
  if (byte(0) < 0x80) return {1, byte(0)};
  if (byte(0) < 0xe0) return {2, (byte(0) & 0x1f) << 6 | (byte(1) & 0x3f)};
  if (byte(0) < 0xf0) return {3, (byte(0) & 0x0f) << 12 | (byte(1) & 0x3f) << 6 | (byte(2) & 0x3f)};
  return {4, 0};
}

}  // namespace

std::string printable(std::string_view text, std::size_t most) {
  auto end = std::min(text.size(), most);
  while (end > 0 && end < text.size() && most - end < 3 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;  // not inside a character
  std::string quoted, out;
  append_json_string(quoted, text.substr(0, end));
  for (auto rest = std::string_view(quoted).substr(1, quoted.size() - 2); !rest.empty();) {
    if (rest.starts_with("\\\"") || rest.starts_with("\\\\")) rest.remove_prefix(1);  // what only JSON escapes: people see it as it is
    const auto [length, code] = first_character(rest);
    if (plays_tricks(code)) out += fmt::format("\\u{:04x}", code);
    else out += rest.substr(0, length);
    rest.remove_prefix(length);
  }
  if (end < text.size()) out += "…";
  return out;
}

}  // namespace cdctl
