#include "cli/output/screen_text.hpp"

#include <algorithm>
#include <cstdlib>

namespace cdctl::cli {

bool screen_knows_utf8() {
  const auto value = [](const char* name) {
    const char* text = std::getenv(name);
    return std::string_view(text ? text : "");
  };
  if (value("TERM") == "dumb") return false;
  for (const auto* name : {"LC_ALL", "LC_CTYPE", "LANG"})
    if (const auto text = value(name); !text.empty())
      return text.find("UTF-8") != text.npos || text.find("utf8") != text.npos ||
             text.find("UTF8") != text.npos;
  return false;
}

std::string ascii_of(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80)
      out += c;
    else if ((byte & 0xc0) != 0x80)
      out += '?';
  }
  return out;
}

std::size_t columns_of(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(
      text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

std::string wrapped(std::string_view text, std::size_t indent, std::size_t columns) {
  if (columns == 0 || indent + columns_of(text) <= columns) return std::string(text);
  std::string out;
  std::size_t used = indent;
  while (!text.empty()) {
    const auto end = std::min(text.find(' '), text.size());
    const auto word = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const auto width = columns_of(word);
    if (used > indent && used + 1 + width > columns) {
      out += '\n' + std::string(indent, ' ');
      used = indent;
    } else if (!out.empty()) {
      out += ' ';
      ++used;
    }
    out += word;
    used += width;
  }
  return out;
}

std::vector<std::string> lines_within(std::string_view text, std::size_t width) {
  std::vector<std::string> out(1);
  const auto broken = wrapped(text, 0, width);
  std::size_t used = 0;
  for (const char c : broken) {
    const bool begins = (static_cast<unsigned char>(c) & 0xc0) != 0x80;
    if (c == '\n' || (begins && used == width && width > 0)) {
      out.emplace_back();
      used = 0;
      if (c == '\n') continue;
    }
    out.back() += c;
    used += begins;
  }
  return out;
}

}  // namespace cdctl::cli
