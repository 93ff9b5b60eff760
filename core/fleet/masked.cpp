#include "core/fleet/masked.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <string_view>

namespace cdctl::fleet {

namespace {

constexpr std::string_view k_mark = "…";

/// `amqp://USER:PASSWORD@HOST`
void mask_addresses(std::string& text) {
  constexpr std::string_view k_scheme_end = "://";
  for (auto at = text.find(k_scheme_end); at != std::string::npos;
       at = text.find(k_scheme_end, at + 1)) {
    const auto begin = at + k_scheme_end.size();
    const auto end = std::min(text.find_first_of("/ '\"<>", begin), text.size());
    const auto sign = std::string_view(text).substr(begin, end - begin).rfind('@');
    if (sign != std::string_view::npos) text.replace(begin, sign, k_mark);
  }
}

constexpr std::array<std::string_view, 7> k_words{"password", "passwd",  "passphrase", "secret",
                                                  "token",    "api_key", "apikey"};

/// What is told of a password, and is none: `(using password: YES)`.
constexpr std::array<std::string_view, 8> k_no_values{"yes",  "no",   "true", "false",
                                                      "none", "null", "nil",  "undefined"};

/// Of a parser: `Unexpected token: }`.
bool speaks_of_syntax(std::string_view before) { return before.ends_with("unexpected "); }

std::size_t past_blanks(std::string_view text, std::size_t at) {
  return std::min(text.find_first_not_of(" \t", at), text.size());
}

/// The value behind a word, where one is given to it: `password=x`, `'password': 'x'`,
/// `"password" => "x"`. Empty when none is.
std::string_view value_behind(std::string_view text, std::size_t at) {
  if (at < text.size() && (text[at] == '"' || text[at] == '\'')) ++at;
  at = past_blanks(text, at);
  if (text.substr(at).starts_with("=>") || text.substr(at).starts_with(":="))
    at += 2;
  else if (at < text.size() && (text[at] == '=' || text[at] == ':'))
    ++at;
  else
    return {};
  at = past_blanks(text, at);
  if (at < text.size() && (text[at] == 'b' || text[at] == 'u') && at + 1 < text.size() &&
      (text[at + 1] == '"' || text[at + 1] == '\''))
    ++at;  // as Python writes bytes
  if (at < text.size() && (text[at] == '"' || text[at] == '\'')) {
    const auto quote = text[at++];
    auto end = at;
    while (end < text.size() && text[end] != quote) end += text[end] == '\\' ? 2 : 1;
    return text.substr(at, std::min(end, text.size()) - at);
  }
  return text.substr(at, std::min(text.find_first_of(" \t,;&)}]\"'", at), text.size()) - at);
}

void mask_values(std::string& text) {
  auto lower = text;
  std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return std::tolower(c); });
  for (std::size_t at = 0; at < lower.size();) {
    const auto word = std::ranges::find_if(
        k_words, [&](std::string_view one) { return lower.compare(at, one.size(), one) == 0; });
    if (word == k_words.end()) {
      ++at;
      continue;
    }
    const bool syntax = speaks_of_syntax(std::string_view(lower).substr(0, at));
    at += word->size();
    const auto value = value_behind(text, at);
    if (value.empty() || syntax) continue;
    const auto begin = static_cast<std::size_t>(value.data() - text.data());
    const auto length = value.size();
    if (std::ranges::find(k_no_values, std::string_view(lower).substr(begin, length)) !=
        k_no_values.end())
      continue;
    text.replace(begin, length, k_mark);
    lower.replace(begin, length, k_mark);
    at = begin + k_mark.size();
  }
}

}  // namespace

std::string masked(std::string text) {
  mask_addresses(text);
  mask_values(text);
  return text;
}

}  // namespace cdctl::fleet
