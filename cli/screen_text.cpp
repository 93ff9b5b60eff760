#include "screen_text.hpp"

#include <cstdlib>

namespace cdctl::cli {

bool screen_knows_utf8() {
  const auto value = [](const char* name) {
    const char* text = std::getenv(name);
    return std::string_view(text ? text : "");
  };
  if (value("TERM") == "dumb") return false;
  for (const auto* name : {"LC_ALL", "LC_CTYPE", "LANG"})
    if (const auto text = value(name); !text.empty()) return text.find("UTF-8") != text.npos || text.find("utf8") != text.npos || text.find("UTF8") != text.npos;
  return false;
}

std::string ascii_of(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80) out += c;
    else if ((byte & 0xc0) != 0x80) out += '?';
  }
  return out;
}

}  // namespace cdctl::cli
