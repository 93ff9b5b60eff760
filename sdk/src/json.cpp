#include <cdctl/json.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>

#include <fmt/format.h>
#include <simdjson.h>

#include <cdctl/text.hpp>

namespace cdctl {

namespace {

/// Empty when no double is near it.
std::optional<double> double_of(std::string_view digits) {
  double out = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), out);
  return error == std::errc() ? std::optional(out) : std::nullopt;
}

}  // namespace

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
  if (const auto value = as_double(HUGE_VAL); is_number() && std::abs(value) < 9e15)
    return static_cast<std::int64_t>(value);
  return otherwise;
}
double Json::as_double(double otherwise) const {
  if (const auto* value = std::get_if<Digits>(&value_))
    return double_of(value->text).value_or(otherwise);
  if (const auto* value = std::get_if<double>(&value_)) return *value;
  if (const auto* value = std::get_if<std::int64_t>(&value_)) return static_cast<double>(*value);
  return otherwise;
}
std::string Json::as_string(std::string_view otherwise) const {
  const auto* value = std::get_if<std::string>(&value_);
  return value ? *value : std::string(otherwise);
}
std::string_view Json::digits() const {
  const auto* value = std::get_if<Digits>(&value_);
  return value ? std::string_view(value->text) : std::string_view();
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
    } else if (!json.digits().empty()) {
      out += json.digits();
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

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// The number that `text` begins with, if it is one as JSON writes it; else empty.
std::string_view leading_number(std::string_view text) {
  std::size_t at = 0;
  const auto sees = [&](std::string_view any) {
    return at < text.size() && any.find(text[at]) != std::string_view::npos;
  };
  const auto skip_digits = [&] {
    const auto from = at;
    while (at < text.size() && is_digit(text[at])) ++at;
    return at > from;
  };
  if (sees("-")) ++at;
  const bool zero = sees("0");
  const auto whole = at;
  if (!skip_digits() || (zero && at > whole + 1)) return {};
  if (sees(".") && (++at, !skip_digits())) return {};
  if (sees("eE")) {
    ++at;
    if (sees("+-")) ++at;
    if (!skip_digits()) return {};
  }
  return at == text.size() || sees(",]} \t\r\n") ? text.substr(0, at) : std::string_view();
}

/// Whether an integer or a double would be written just like it.
bool is_plain(std::string_view number) {
  if (number.find_first_of(".eE") == std::string_view::npos) {
    std::int64_t value = 0;
    return number != "-0" &&
           std::from_chars(number.data(), number.data() + number.size(), value).ec == std::errc();
  }
  std::string written;
  if (const auto value = double_of(number)) append_double(written, *value);
  return written == number;
}

std::size_t end_of_string(std::string_view text, std::size_t at) {
  for (++at; at < text.size() && text[at] != '"'; ++at)
    if (text[at] == '\\') ++at;
  return at;
}

}  // namespace

/// Turns a text into values. The parser keeps no digits, and refuses a number that it cannot hold:
/// it is given a zero for each of those, which the value is then made without.
class JsonReader {
 public:
  static Result<Json> read(std::string_view text) {
    JsonReader reader;
    simdjson::dom::parser parser;
    simdjson::dom::element element;
    {
      // The parser reads a few bytes further than the text goes. The copy that has them is gone
      // before the values are made: of a large text each copy counts.
      const auto shielded = reader.shield(text);
      const simdjson::padded_string copy(shielded.empty() ? text : shielded);
      if (const auto error = parser.parse(copy).get(element))
        return fail(std::string("not valid JSON: ") + simdjson::error_message(error));
    }
    return reader.value_of(element);
  }

 private:
  struct Kept {
    std::size_t place;  ///< among all numbers of the text
    std::string_view digits;
  };

  /// Finds what has to be kept. The text with zeros in its place; empty when there is none.
  std::string shield(std::string_view text) {
    std::string out;
    std::size_t place = 0;
    for (std::size_t at = 0; at < text.size(); ++at) {
      if (text[at] == '"') at = end_of_string(text, at);
      if (at >= text.size() || (text[at] != '-' && !is_digit(text[at]))) continue;
      const auto number = leading_number(text.substr(at));
      if (number.empty()) return {};  // no JSON: the parser says why
      if (!is_plain(number)) {
        kept_.push_back({place, number});
        if (out.empty()) out = text;
        std::fill_n(out.begin() + static_cast<std::ptrdiff_t>(at), number.size(), ' ');
        out[at] = '0';
      }
      ++place;
      at += number.size() - 1;
    }
    return out;
  }

  Json number(Json value) {
    const auto place = place_++;
    if (next_ >= kept_.size() || kept_[next_].place != place) return value;
    Json out;
    out.value_ = Json::Digits{std::string(kept_[next_++].digits)};
    return out;
  }

  Json value_of(const simdjson::dom::element& element) {
    using simdjson::dom::element_type;
    switch (element.type()) {
      case element_type::OBJECT: {
        Json::Object object;
        object.reserve(simdjson::dom::object(element).size());
        for (const auto& field : simdjson::dom::object(element))
          object.emplace_back(std::string(field.key), value_of(field.value));
        return Json(std::move(object));
      }
      case element_type::ARRAY: {
        Json::Array array;
        array.reserve(simdjson::dom::array(element).size());
        for (const auto& item : simdjson::dom::array(element)) array.push_back(value_of(item));
        return Json(std::move(array));
      }
      case element_type::INT64:
        return number(Json(std::int64_t(element)));
      case element_type::UINT64:
        return number(Json(std::uint64_t(element)));
      case element_type::DOUBLE:
        return number(Json(double(element)));
      case element_type::STRING:
        return Json(std::string_view(element));
      case element_type::BOOL:
        return Json(bool(element));
      case element_type::NULL_VALUE:
        break;
    }
    return Json();
  }

  std::vector<Kept> kept_;
  std::size_t next_ = 0, place_ = 0;
};

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

namespace {

/// A value takes some seventy bytes, and the parser's own notes half as much, where its text may
/// have two.
constexpr std::size_t k_longest_text = 64u << 20, k_most_values = 1'000'000;

/// Each value but the first of its list follows a comma; the first, a bracket. Those within texts
/// count, too.
bool too_many_values(std::string_view text) {
  if (text.size() < k_most_values) return false;
  const auto starts = std::ranges::count_if(
      text, [](char c) { return (c == ',') | (c == '[') | (c == '{'); });  // | : no branches
  return static_cast<std::size_t>(starts) > k_most_values;
}

}  // namespace

Result<Json> Json::parse(std::string_view text) {
  if (text.size() > k_longest_text)
    return fail(fmt::format("longer than {} bytes", k_longest_text));
  if (too_many_values(text)) return fail(fmt::format("more than {} values", k_most_values));
  return JsonReader::read(text);
}

}  // namespace cdctl
