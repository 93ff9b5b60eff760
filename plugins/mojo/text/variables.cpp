#include "plugins/mojo/text/variables.hpp"

#include <algorithm>

#include <fmt/format.h>

#include <cdctl/text.hpp>

namespace cdctl::mojo {

bool valid_variable_name(std::string_view name) {
  const auto letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  };
  return !name.empty() && letter(name.front()) &&
         std::ranges::all_of(name, [&](char c) { return letter(c) || (c >= '0' && c <= '9'); });
}

std::expected<std::string, std::string> expand(std::string_view text, const Lookup& lookup) {
  std::string out;
  while (!text.empty()) {
    const auto at = std::min(text.find("${"), text.size());
    out += text.substr(0, at);
    text.remove_prefix(at);
    if (text.empty()) break;
    const auto close = text.find('}');
    if (close == std::string_view::npos)
      return std::unexpected(std::string("a ${ that is not closed"));
    const auto inner = text.substr(2, close - 2);
    text.remove_prefix(close + 1);
    const auto colon = inner.find(":-");
    const std::string name(inner.substr(0, colon));
    if (!valid_variable_name(name))
      return std::unexpected(fmt::format("${{{}}}: '{}' is no variable name", printable(inner, 60),
                                         printable(name, 60)));
    if (inner.find("${") != std::string_view::npos)
      return std::unexpected(
          fmt::format("${{{}}}: a ${{ inside another is not read", printable(inner, 60)));
    const auto value = lookup(name);
    if (value && (!value->empty() || colon == std::string_view::npos)) {
      out += *value;
    } else if (colon != std::string_view::npos) {
      out += inner.substr(colon + 2);
    } else {
      return std::unexpected(fmt::format("variable {} is not set", name));
    }
  }
  return out;
}

}  // namespace cdctl::mojo
