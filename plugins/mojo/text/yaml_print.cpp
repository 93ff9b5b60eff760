#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "plugins/mojo/text/yaml.hpp"

namespace cdctl::mojo {

namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

/// What every reader takes for this very string without quotes, in a block.
bool plain_string(std::string_view text) {
  if (text.empty() || text.size() > 200 || typed_when_plain(text) || text.back() == ':')
    return false;
  if (!is_letter(text.front()) && text.front() != '/' && text.front() != '_') return false;
  return std::ranges::all_of(text, [](char c) {
    return is_letter(c) || is_digit(c) || std::string_view("_-./+@=:").contains(c);
  });
}

/// Characters that some reader takes for a line break or a byte order mark: their bytes and their
/// escapes.
constexpr std::array<std::pair<std::string_view, std::string_view>, 4> k_odd{
    {{"\xc2\x85", "\\u0085"},
     {"\xe2\x80\xa8", "\\u2028"},
     {"\xe2\x80\xa9", "\\u2029"},
     {"\xef\xbb\xbf", "\\uFEFF"}}};

void append_quoted(std::string& out, std::string_view text) {
  out += '"';
  while (!text.empty()) {
    const auto odd = std::ranges::find_if(
        k_odd, [&](const auto& entry) { return text.starts_with(entry.first); });
    const char c = text.front();
    if (odd != k_odd.end())
      out += odd->second;
    else if (c == '"' || c == '\\')
      (out += '\\') += c;
    else if (c == '\n')
      out += "\\n";
    else if (c == '\t')
      out += "\\t";
    else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
      out += fmt::format("\\x{:02X}", static_cast<unsigned char>(c));
    else
      out += c;
    text.remove_prefix(odd == k_odd.end() ? 1 : odd->first.size());
  }
  out += '"';
}

void append_scalar(std::string& out, const Yaml& value) {
  if (value.is_null())
    out += "null";
  else if (value.kind == Yaml::Kind::plain || plain_string(value.text))
    out += value.text;
  else
    append_quoted(out, value.text);
}

void append(std::string& out, const Yaml& value, std::size_t indent);

/// What follows `key:` or `-`.
void append_value(std::string& out, const Yaml& value, std::size_t indent) {
  if (value.is_map() && value.members.empty())
    out += " {}\n";
  else if (value.is_list() && value.items.empty())
    out += " []\n";
  else if (value.is_map() || value.is_list())
    append(out += '\n', value, indent);
  else
    append_scalar(out += ' ', value), out += '\n';
}

void append(std::string& out, const Yaml& value, std::size_t indent) {
  for (const auto& item : value.items) {
    (out.append(indent, ' ')) += '-';
    append_value(out, item, indent + 2);
  }
  for (const auto& member : value.members) {
    out.append(indent, ' ');
    if (plain_string(member.key))
      out += member.key;
    else
      append_quoted(out, member.key);
    out += ':';
    append_value(out, member.value, indent + 2);
  }
}

}  // namespace

bool typed_when_plain(std::string_view text) {
  static constexpr std::array<std::string_view, 13> k_words{
      "y",     "n",    "yes",  "no",    "on",    "off", "true",
      "false", "null", ".inf", "+.inf", "-.inf", ".nan"};
  std::string lower(text.substr(0, 8));
  std::ranges::transform(lower, lower.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  if (text.size() <= 5 && std::ranges::find(k_words, lower) != k_words.end()) return true;
  auto rest = text;
  if (rest.starts_with('+') || rest.starts_with('-')) rest.remove_prefix(1);
  if (rest.starts_with('.')) rest.remove_prefix(1);
  if (rest.empty() || rest.size() > 100 || !is_digit(rest.front()) || rest.back() == ':')
    return false;
  return std::ranges::all_of(rest, [](char c) {
    return is_letter(c) || is_digit(c) || std::string_view("_.:+-").contains(c);
  });
}

std::string print_yaml(const Yaml& value) {
  std::string out;
  if (value.is_map() || value.is_list()) {
    if (value.members.empty() && value.items.empty()) return value.is_map() ? "{}\n" : "[]\n";
    append(out, value, 0);
  } else {
    append_scalar(out, value);
    out += '\n';
  }
  return out;
}

}  // namespace cdctl::mojo
