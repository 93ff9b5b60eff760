#include "cli/output/note.hpp"

#include <algorithm>

#include <cdctl/text.hpp>
#include <cdctl/time.hpp>

namespace cdctl::cli {

namespace {

/// `units.down`
const Json& value_at(const Json& record, std::string_view path) {
  const auto* value = &record;
  for (const auto key : split(path, '.')) value = &(*value)[key];
  return *value;
}

std::string text_of(const Json& value) {
  return value.is_null() ? "-" : value.is_string() ? value.as_string() : value.dump();
}

/// The same for people: a time as `11-23 04:12:09`.
std::string words_of(const Json& value) {
  const auto text = text_of(value);
  return text.size() >= 20 && parse_rfc3339(text) ? text.substr(5, 5) + " " + text.substr(11, 8)
                                                  : text;
}

/// Whether there is something to say: true, more than 0, not empty.
bool counts(const Json& value) {
  if (value.is_bool()) return value.as_bool();
  if (value.is_number()) return value.as_double() > 0;
  return value.is_string() ? !value.view().empty() : !value.is_null();
}

/// Whether the member is there and null: it could not be read.
bool is_unknown(const Json& record, std::string_view path) {
  const auto dot = path.rfind('.');
  const auto& parent = dot == path.npos ? record : value_at(record, path.substr(0, dot));
  const auto key = dot == path.npos ? path : path.substr(dot + 1);
  const auto* value = parent.is_object() ? parent.find(key) : nullptr;
  return value && value->is_null();
}

/// One condition: `MEMBER`, `MEMBER=WORD`, `MEMBER!=WORD`. The word `-` is absent or null, `null`
/// is null alone.
bool holds(const Json& record, std::string_view condition) {
  const auto equals = condition.find('=');
  if (equals == condition.npos) return counts(value_at(record, condition));
  const bool differs = equals > 0 && condition[equals - 1] == '!';
  const auto member = condition.substr(0, equals - (differs ? 1 : 0));
  if (condition.substr(equals + 1) == "null") return is_unknown(record, member) != differs;
  const auto& value = value_at(record, member);
  return (text_of(value) == condition.substr(equals + 1)) != differs;
}

/// The text with what its `{MEMBER}` hold.
std::string filled(const Json& record, std::string_view text) {
  std::string out;
  while (!text.empty()) {
    out += take_until(text, '{');
    if (!text.empty()) out += words_of(value_at(record, take_until(text, '}')));
  }
  return out;
}

}  // namespace

std::string note_text(const Json& record, std::string_view note) {
  std::string out;
  for (auto line : lines(note)) {
    constexpr std::string_view k_only = "only ";
    const bool only = line.starts_with(k_only);
    if (only) line.remove_prefix(k_only.size());
    const auto when = take_until(line, ':');
    line.remove_prefix(std::min<std::size_t>(line.size(), 1));  // the blank behind it
    const auto all = split(when, '&');
    const bool said =
        when == "else" ? out.empty() : std::ranges::all_of(all, [&](std::string_view condition) {
          return holds(record, condition);
        });
    if (!said) continue;
    if (only) return filled(record, line);
    out += (out.empty() ? "" : ", ") + filled(record, line);
  }
  return out;
}

}  // namespace cdctl::cli
