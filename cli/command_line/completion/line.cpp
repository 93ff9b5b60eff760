#include "cli/command_line/completion/line.hpp"

#include <algorithm>
#include <array>

namespace cdctl::cli::completion {

namespace {

constexpr std::array<std::string_view, 9> k_before{"time", "command", "exec",  "and", "or",
                                                   "not",  "if",      "while", "!"};

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n'; }

/// Where the raw word that begins at `at` ends.
std::size_t end_of_word(std::string_view text, std::size_t at) {
  char open = 0;
  for (; at < text.size(); ++at) {
    const char c = text[at];
    if (c == '\\' && open != '\'')
      ++at;
    else if (open)
      open = c == open ? '\0' : open;
    else if (c == '\'' || c == '"')
      open = c;
    else if (is_blank(c))
      break;
  }
  return std::min(at, text.size());
}

bool before_program(std::string_view word) {
  const auto equals = word.find('=');
  const bool assignment = equals != std::string_view::npos && equals > 0 && word.find('/') > equals;
  return assignment || std::ranges::find(k_before, word) != k_before.end();
}

/// `text` with a backslash before what is special outside of quotes, or inside the open one.
std::optional<std::string> escaped(std::string_view text, char open) {
  if (open == '\'') return text.contains('\'') ? std::nullopt : std::optional(std::string(text));
  const std::string_view special = open == '"' ? "\"\\$`" : " \t\"'\\$`<>=;|&()*?[]{}!#~^";
  std::string out;
  for (const char c : text) {
    if (special.contains(c) && !(c == '=' && open == 0)) out += '\\';
    out += c;
  }
  return out;
}

}  // namespace

Unquoted unquote(std::string_view raw) {
  Unquoted out;
  for (std::size_t i = 0; i < raw.size(); ++i) {
    const char c = raw[i];
    if (c == '\\' && out.open != '\'' && i + 1 < raw.size()) {
      const char next = raw[i + 1];
      if (out.open == '"' && !std::string_view("\"\\$`").contains(next))
        out.text += c;
      else
        out.text += next, ++i;
    } else if (c == '\\' && out.open != '\'') {
      continue;  // what it escapes is not typed yet
    } else if (out.open) {
      if (c == out.open)
        out.open = 0;
      else
        out.text += c;
    } else if (c == '\'' || c == '"') {
      out.open = c;
    } else {
      out.text += c;
    }
  }
  return out;
}

TypedLine read_line(std::string_view text) {
  TypedLine out;
  bool program = false;
  for (std::size_t at = 0; at <= text.size();) {
    while (at < text.size() && is_blank(text[at])) ++at;
    const auto end = end_of_word(text, at);
    const auto raw = text.substr(at, end - at);
    at = end + 1;
    if (!program) {
      if (raw.empty()) break;
      program = !before_program(raw);
      continue;
    }
    out.words.push_back(unquote(raw).text);
    out.raw = raw;
    if (end == text.size()) break;
  }
  if (out.words.empty()) out.words.emplace_back();
  return out;
}

std::optional<std::string> bash_reply(std::string_view value, std::string_view raw,
                                      std::string_view stem) {
  if (!raw.ends_with(stem)) stem = raw;
  const auto kept = unquote(raw.substr(0, raw.size() - stem.size()));
  if (!value.starts_with(kept.text)) return {};
  return escaped(value.substr(kept.text.size()), kept.open);
}

}  // namespace cdctl::cli::completion
