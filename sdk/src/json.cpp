#include <cdctl/json.hpp>

#include <algorithm>
#include <cmath>

#include <fmt/format.h>
#include <simdjson.h>

#include <cdctl/text.hpp>

namespace cdctl {

Json Json::strings(const std::vector<std::string>& items) {
  Array array;
  array.reserve(items.size());
  for (const auto& item : items) array.emplace_back(item);
  return Json(std::move(array));
}

bool Json::as_bool(bool otherwise) const {
  const auto* value = std::get_if<bool>(&value_);
  return value ? *value : otherwise;
}
std::int64_t Json::as_int(std::int64_t otherwise) const {
  if (const auto* value = std::get_if<std::int64_t>(&value_)) return *value;
  if (const auto* value = std::get_if<double>(&value_); value && std::abs(*value) < 9e15)
    return static_cast<std::int64_t>(*value);
  return otherwise;
}
double Json::as_double(double otherwise) const {
  if (const auto* value = std::get_if<double>(&value_)) return *value;
  if (const auto* value = std::get_if<std::int64_t>(&value_)) return static_cast<double>(*value);
  return otherwise;
}
std::string Json::as_string(std::string_view otherwise) const {
  const auto* value = std::get_if<std::string>(&value_);
  return value ? *value : std::string(otherwise);
}
std::string_view Json::view() const {
  const auto* value = std::get_if<std::string>(&value_);
  return value ? std::string_view(*value) : std::string_view();
}
const Json::Array& Json::items() const {
  static const Array empty;
  const auto* value = std::get_if<Array>(&value_);
  return value ? *value : empty;
}
const Json::Object& Json::members() const {
  static const Object empty;
  const auto* value = std::get_if<Object>(&value_);
  return value ? *value : empty;
}

const Json* Json::find(std::string_view key) const {
  for (const auto& member : members())
    if (member.first == key) return &member.second;
  return nullptr;
}
Json* Json::find(std::string_view key) {
  return const_cast<Json*>(static_cast<const Json*>(this)->find(key));
}
const Json& Json::operator[](std::string_view key) const {
  static const Json null;
  const auto* value = find(key);
  return value ? *value : null;
}
Json& Json::set(std::string_view key, Json value) {
  if (auto* there = find(key)) {
    *there = std::move(value);
  } else {
    if (!is_object()) value_ = Object();
    std::get<Object>(value_).emplace_back(key, std::move(value));
  }
  return *this;
}
void Json::erase(std::string_view key) {
  if (auto* object = std::get_if<Object>(&value_))
    std::erase_if(*object, [&](const Member& m) { return m.first == key; });
}
void Json::push_back(Json item) {
  if (!is_array()) value_ = Array();
  std::get<Array>(value_).push_back(std::move(item));
}

namespace {

void append_double(std::string& out, double value) {
  if (!std::isfinite(value)) {
    out += "null";  // JSON has no other word for it
    return;
  }
  fmt::format_to(std::back_inserter(out), "{}", value);
}

struct Writer {
  std::string& out;
  int indent = -1;  ///< -1: compact
  bool sorted = false;

  void line(int depth) {
    if (indent < 0) return;
    out += '\n';
    out.append(static_cast<std::size_t>(depth * indent), ' ');
  }
  void write(const Json& json, int depth) {
    if (json.is_object()) {
      object(json.members(), depth);
    } else if (json.is_array()) {
      out += '[';
      bool first = true;
      for (const auto& item : json.items()) {
        if (!first) out += ',';
        first = false;
        line(depth + 1);
        write(item, depth + 1);
      }
      if (!first) line(depth);
      out += ']';
    } else if (json.is_string()) {
      append_json_string(out, json.view());
    } else if (json.is_int()) {
      fmt::format_to(std::back_inserter(out), "{}", json.as_int());
    } else if (json.is_number()) {
      append_double(out, json.as_double());
    } else if (json.is_bool()) {
      out += json.as_bool() ? "true" : "false";
    } else {
      out += "null";
    }
  }
  void object(const Json::Object& members, int depth) {
    std::vector<const Json::Member*> order;
    order.reserve(members.size());
    for (const auto& member : members) order.push_back(&member);
    if (sorted) std::ranges::stable_sort(order, {}, [](const Json::Member* m) { return m->first; });
    out += '{';
    bool first = true;
    for (const auto* member : order) {
      if (!first) out += ',';
      first = false;
      line(depth + 1);
      append_json_string(out, member->first);
      out += indent < 0 ? ":" : ": ";
      write(member->second, depth + 1);
    }
    if (!first) line(depth);
    out += '}';
  }
};

Json from_dom(const simdjson::dom::element& element) {
  using simdjson::dom::element_type;
  switch (element.type()) {
    case element_type::OBJECT: {
      Json::Object object;
      object.reserve(simdjson::dom::object(element).size());
      for (const auto& field : simdjson::dom::object(element))
        object.emplace_back(std::string(field.key), from_dom(field.value));
      return Json(std::move(object));
    }
    case element_type::ARRAY: {
      Json::Array array;
      array.reserve(simdjson::dom::array(element).size());
      for (const auto& item : simdjson::dom::array(element)) array.push_back(from_dom(item));
      return Json(std::move(array));
    }
    case element_type::INT64:
      return Json(std::int64_t(element));
    case element_type::UINT64:
      return Json(double(element));
    case element_type::DOUBLE:
      return Json(double(element));
    case element_type::STRING:
      return Json(std::string_view(element));
    case element_type::BOOL:
      return Json(bool(element));
    case element_type::NULL_VALUE:
      break;
  }
  return Json();
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  while (!text.empty()) {
    const auto plain = std::ranges::find_if(text, [](char c) {
      const auto byte = static_cast<unsigned char>(c);
      return byte < 0x20 || byte >= 0x7f || c == '"' || c == '\\';
    });
    out.append(text.begin(), plain);
    text.remove_prefix(static_cast<std::size_t>(plain - text.begin()));
    if (text.empty()) break;
    const char c = text.front();
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else if (c == '\r') {
      out += "\\r";
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      fmt::format_to(std::back_inserter(out), "\\u{:04x}",
                     static_cast<unsigned>(static_cast<unsigned char>(c)));
    } else if (const auto length = first_character(text); length > 1) {
      out.append(text.substr(0, length));
      text.remove_prefix(length);
      continue;
    } else {
      out += "\xef\xbf\xbd";
    }
    text.remove_prefix(1);
  }
  out += '"';
}

std::string Json::dump() const {
  std::string out;
  dump_to(out);
  return out;
}
void Json::dump_to(std::string& out) const { Writer{out}.write(*this, 0); }
std::string Json::pretty() const {
  std::string out;
  Writer{out, 2}.write(*this, 0);
  return out;
}
std::string Json::canonical() const {
  std::string out;
  Writer{out, -1, true}.write(*this, 0);
  return out;
}

Result<Json> Json::parse(std::string_view text) {
  simdjson::dom::parser parser;
  simdjson::dom::element element;
  if (const auto error = parser.parse(text.data(), text.size()).get(element)) {
    return fail(std::string("not valid JSON: ") + simdjson::error_message(error));
  }
  return from_dom(element);
}

}  // namespace cdctl
