#include "cli/output/screen_text.hpp"

#include <cstdlib>

#include <cdctl/text.hpp>

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
  while (!text.empty()) {
    const auto character = text.substr(0, first_character(text));
    if (static_cast<unsigned char>(character.front()) < 0x80)
      out += character;
    else
      out.append(display_width(character), '?');
    text.remove_prefix(character.size());
  }
  return out;
}

std::string padded(std::string_view text, std::size_t columns, bool right) {
  const auto kept = fit(text, columns, "");
  const std::string blanks(columns - display_width(kept), ' ');
  return right ? blanks + kept : kept + blanks;
}

std::string wrapped(std::string_view text, std::size_t indent, std::size_t columns) {
  if (columns == 0 || indent + display_width(text) <= columns) return std::string(text);
  std::string out;
  std::size_t used = indent;
  while (!text.empty()) {
    const auto word = take_until(text, ' ');
    const auto width = display_width(word);
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
  for (std::string_view rest = broken; !rest.empty();) {
    const auto character = rest.substr(0, first_character(rest));
    rest.remove_prefix(character.size());
    const auto columns = display_width(character);
    if (character == "\n" || (width > 0 && used > 0 && columns > 0 && used + columns > width)) {
      out.emplace_back();
      used = 0;
      if (character == "\n") continue;
    }
    out.back() += character;
    used += columns;
  }
  return out;
}

}  // namespace cdctl::cli
