#include <cdctl/set_name.hpp>

#include <algorithm>

#include <cdctl/text.hpp>

namespace cdctl {

namespace {

bool hex(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); }

}  // namespace

bool valid_revision(std::string_view text) {
  return text.size() == 11 && text.front() == 'r' && std::ranges::all_of(text.substr(1), hex);
}

bool valid_service_name(std::string_view name) {
  if (!valid_word(name)) return false;
  const auto dash = name.rfind('-');
  return dash == std::string_view::npos ? !valid_revision(name)
                                        : !valid_revision(name.substr(dash + 1));
}

std::optional<SetName> parse_set_name(std::string_view text) {
  if (text.size() < 13) return {};
  const auto service = text.substr(0, text.size() - 12);
  const auto revision = text.substr(text.size() - 11);
  if (text[text.size() - 12] != '-' || !valid_revision(revision) || !valid_service_name(service))
    return {};
  return SetName{std::string(service), std::string(revision)};
}

}  // namespace cdctl
