#include "cli/output/record_lines.hpp"

#include <algorithm>

#include <cdctl/text.hpp>

namespace cdctl::cli {

namespace {

/// `topic_permissions` as words.
std::string words_of(std::string_view key) {
  std::string out(key);
  std::ranges::replace(out, '_', ' ');
  return out;
}

}  // namespace

std::string value_text(const Json& value, const Json& around) {
  if (value.is_null()) return "unknown";
  if (value.is_string()) return value.view().empty() ? "none" : printable(value.view());
  if (value.is_bool()) return value.as_bool() ? "yes" : "no";
  std::vector<std::string> parts;
  if (value.is_object()) {
    for (const auto& [key, member] : value.members())
      if (!member.is_string() || around[key].view() != member.view())
        parts.push_back(printable(words_of(key)) + " " + value_text(member));
    return parts.empty() ? "none" : joined(parts);
  }
  if (!value.is_array()) return value.dump();
  for (const auto& item : value.items()) parts.push_back(value_text(item));
  return parts.empty() ? "none" : joined(parts, " ");
}

std::vector<std::string> value_lines(const Json& value, const Json& around) {
  const auto nested = [](const Json& one) { return one.is_object(); };
  std::vector<std::string> out;
  if (value.is_array() && std::ranges::any_of(value.items(), nested)) {
    for (const auto& item : value.items()) out.push_back(value_text(item, around));
  } else if (value.is_object() && std::ranges::any_of(value.members(), [&](const auto& member) {
               return nested(member.second);
             })) {
    for (const auto& [key, member] : value.members())
      out.push_back(printable(key) + ": " + value_text(member, around));
  } else {
    out.push_back(value_text(value));
  }
  return out;
}

}  // namespace cdctl::cli
