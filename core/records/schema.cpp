#include "core/records/schema.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <span>

#include <fmt/format.h>

#include <cdctl/text.hpp>

namespace cdctl::records {

using plugin::MemberRow;

namespace {

struct Pattern {
  std::string_view type, pattern;
};
constexpr Pattern k_patterns[] = {{"word", "^[a-z]+(-[a-z]+)*$"},
                                  {"uuid", "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"},
                                  {"set", "^[a-z][a-z0-9]*(-[a-z][a-z0-9]*)*-r[0-9a-f]{10}$"},
                                  {"service", "^[a-z][a-z0-9]*(-[a-z][a-z0-9]*)*$"},
                                  {"revision", "^r[0-9a-f]{10}$"},
                                  {"time", R"(^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$)"}};

Json of_type(std::string_view type) { return Json::object({{"type", type}}); }

/// Takes `word` off the front; false when it is not there.
bool take(std::string_view& text, std::string_view word) {
  if (text != word && !text.starts_with(std::string(word) + " ")) return false;
  text.remove_prefix(std::min(text.size(), word.size() + 1));
  return true;
}

std::optional<Json> bound(std::string_view text) {
  std::int64_t value = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || stop != text.data() + text.size()) return std::nullopt;
  return Json(value);
}

/// `>= 1`, `0 to 1`, or nothing.
bool add_bounds(std::string_view text, Json& out) {
  if (text.empty()) return true;
  const auto least = take(text, ">=") ? text : text.substr(0, text.find(' '));
  const auto from = bound(least);
  if (!from) return false;
  out.set("minimum", *from);
  text.remove_prefix(std::min(text.size(), least.size() + 1));
  if (text.empty()) return true;
  if (!take(text, "to")) return false;
  const auto to = bound(text);
  if (to) out.set("maximum", *to);
  return to.has_value();
}

Result<Json> shape_of(std::span<const MemberRow> rows, Json out) {
  auto names = Json::array();
  auto members = Json::object();
  for (const auto& row : rows) {
    if (row.presence == plugin::Presence::required) names.push_back(row.name);
    CDCTL_TRY_ASSIGN(auto member, schema_of_type(row));
    members.set(row.name, std::move(member));
  }
  if (!names.items().empty()) out.set("required", std::move(names));
  return rows.empty() ? out : out.set("properties", std::move(members));
}

Result<Json> read(std::string_view type, std::span<const MemberRow> shape);

Result<Json> list_of(std::string_view rest, std::span<const MemberRow> shape) {
  auto out = of_type("array");
  if (take(rest, "to")) {
    const auto most = bound(rest.substr(0, rest.find(' ')));
    if (!most) return fail("a list to how many?");
    out.set("maxItems", *most);
    rest.remove_prefix(std::min(rest.size(), rest.find(' ') + 1));
  }
  if (rest.empty()) return out;
  if (!take(rest, "of")) return fail("a list of what?");
  CDCTL_TRY_ASSIGN(auto item, read(rest, shape));
  return out.set("items", std::move(item));
}

/// A type without its ` or null`.
Result<Json> read(std::string_view type, std::span<const MemberRow> shape) {
  const auto whole = type;
  for (const auto& [name, pattern] : k_patterns) {
    if (type != name) continue;
    auto out = of_type("string");
    if (name == "time") out.set("format", "date-time");
    out.set("pattern", pattern);
    return name == "service" ? out.set("maxLength", 38) : out;
  }
  if (type == "text") return of_type("string");
  if (type == "date") return of_type("string").set("format", "date-time");
  if (type == "flag") return of_type("boolean");
  if (type == "true") return Json::object({{"const", true}});
  if (type == "free") return Json::object();
  if (type == "object") return shape_of(shape, of_type("object"));
  if (type == "pairs")
    return Json::object({{"type", "array"},
                         {"items", Json::object({{"type", "array"},
                                                 {"items", of_type("string")},
                                                 {"minItems", 2},
                                                 {"maxItems", 2}})}});
  if (take(type, "one of")) {
    auto allowed = Json::array();
    for (const auto& word : words(type)) allowed.push_back(word);
    return Json::object({{"enum", std::move(allowed)}});
  }
  for (const auto* number : {"integer", "number"}) {
    if (!take(type, number)) continue;
    auto out = of_type(number);
    if (add_bounds(type, out)) return out;
  }
  if (take(type, "list")) return list_of(type, shape);
  if (take(type, "map of")) {
    CDCTL_TRY_ASSIGN(auto item, read(type, shape));
    return of_type("object").set("additionalProperties", std::move(item));
  }
  return fail(fmt::format("'{}' is not a type of a record's member", printable(whole, 60)));
}

}  // namespace

Result<Json> schema_of_type(const MemberRow& row) {
  std::string_view type(row.type);
  constexpr std::string_view k_or_null = " or null";
  const bool nullable = type.ends_with(k_or_null);
  if (nullable) type.remove_suffix(k_or_null.size());
  auto out = read(type, std::span(row.shape, row.shape_count));
  if (!out) return fail(out.error().in(row.name));
  if (nullable) {
    if (auto* words = out->find("enum"))
      words->push_back(Json());
    else
      out->set("type", Json::array({(*out)["type"], "null"}));
    out->erase("format");  // some validators hold null to it, too
  }
  return *row.meaning ? out->set("description", row.meaning) : *out;
}

Result<Json> schema_of(const plugin::RecordRow& row) {
  auto head = Json::object({{"$schema", "http://json-schema.org/draft-07/schema#"},
                            {"$id", schema_file(row.schema)},
                            {"title", row.title},
                            {"type", "object"}});
  auto out = shape_of(std::span(row.members, row.member_count), std::move(head));
  if (!out) return fail(out.error().in(row.schema));
  auto names = Json::array({"schema"});
  for (const auto& name : (*out)["required"].items()) names.push_back(name);
  auto members = Json::object({{"schema", Json::object({{"const", row.schema}})}}).members();
  for (const auto& member : (*out)["properties"].members()) members.push_back(member);
  out->erase("required");
  out->erase("properties");
  return out->set("required", std::move(names)).set("properties", Json(std::move(members)));
}

std::string schema_file(std::string_view schema) {
  std::string out(schema);
  std::ranges::replace(out, '/', '.');
  return out + ".schema.json";
}

}  // namespace cdctl::records
