#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include <cdctl/error.hpp>

namespace cdctl {

/// A JSON value. Objects keep the order of their members, and numbers that were read the digits
/// they were written with, so that a record that passes through a filter leaves it as it came.
/// Reading and writing are in json.cpp (simdjson parses); this header pulls in no JSON library.
class Json {
 public:
  using Array = std::vector<Json>;
  using Member = std::pair<std::string, Json>;
  using Object = std::vector<Member>;

  Json() {}
  Json(std::nullptr_t) {}
  Json(bool value) : value_(value) {}
  template <class Int>
    requires(std::is_integral_v<Int> && !std::is_same_v<Int, bool>)
  Json(Int value) : value_(static_cast<std::int64_t>(value)) {
    if constexpr (std::is_unsigned_v<Int> && sizeof(Int) >= sizeof(std::int64_t))
      if (std::get<std::int64_t>(value_) < 0) value_ = Digits{std::to_string(value)};
  }
  Json(double value) : value_(value) {}
  Json(std::string value) : value_(std::move(value)) {}
  Json(std::string_view value) : value_(std::string(value)) {}
  Json(const char* value) : value_(std::string(value)) {}
  Json(Array value) : value_(std::move(value)) {}
  Json(Object value) : value_(std::move(value)) {}

  [[nodiscard]] static Json object(std::initializer_list<Member> members = {}) {
    return Json(Object(members));
  }
  [[nodiscard]] static Json array(std::initializer_list<Json> items = {}) {
    return Json(Array(items));
  }
  [[nodiscard]] static Json strings(const std::vector<std::string>& items);

  [[nodiscard]] bool is_null() const { return std::holds_alternative<std::nullptr_t>(value_); }
  [[nodiscard]] bool is_bool() const { return std::holds_alternative<bool>(value_); }
  [[nodiscard]] bool is_int() const { return std::holds_alternative<std::int64_t>(value_); }
  [[nodiscard]] bool is_number() const {
    return is_int() || std::holds_alternative<double>(value_) ||
           std::holds_alternative<Digits>(value_);
  }
  [[nodiscard]] bool is_string() const { return std::holds_alternative<std::string>(value_); }
  [[nodiscard]] bool is_array() const { return std::holds_alternative<Array>(value_); }
  [[nodiscard]] bool is_object() const { return std::holds_alternative<Object>(value_); }

  /// The value, or `otherwise` when it is of another type, or a number that this type cannot hold.
  [[nodiscard]] bool as_bool(bool otherwise = false) const;
  [[nodiscard]] std::int64_t as_int(std::int64_t otherwise = 0) const;
  [[nodiscard]] double as_double(double otherwise = 0) const;
  [[nodiscard]] std::string as_string(std::string_view otherwise = {}) const;
  /// How a number was written, where neither an integer of 64 bits nor a double would be written
  /// the same (`18446744073709551615`, `1.0`, `-0`, `1e400`); empty of anything else.
  [[nodiscard]] std::string_view digits() const;
  /// A view into this value; empty when it is no string.
  [[nodiscard]] std::string_view view() const;
  /// The items or members; empty when it is of another type.
  [[nodiscard]] const Array& items() const;
  [[nodiscard]] const Object& members() const;

  /// The member `key`, or nullptr. On a repeated key the first wins.
  [[nodiscard]] const Json* find(std::string_view key) const;
  [[nodiscard]] Json* find(std::string_view key);
  /// The member `key`, or a null value. Works on any type.
  [[nodiscard]] const Json& operator[](std::string_view key) const;
  [[nodiscard]] const Json& operator[](const char* key) const {
    return (*this)[std::string_view(key)];
  }
  /// Sets or replaces the member `key` (turning a null value into an object).
  Json& set(std::string_view key, Json value);
  /// Removes the member `key`, if there.
  void erase(std::string_view key);
  void push_back(Json item);

  /// Compact text on one line; `pretty` indents by two blanks.
  [[nodiscard]] std::string dump() const;
  void dump_to(std::string& out) const;
  [[nodiscard]] std::string pretty() const;
  /// Compact text with the members of every object sorted by key: the same bytes on every machine.
  [[nodiscard]] std::string canonical() const;

  /// Exit code `failed` with a short reason when `text` is not exactly one JSON value, and when it
  /// is more than others may make us hold: 64 MiB, a million values, or 1,024 levels.
  [[nodiscard]] static Result<Json> parse(std::string_view text);

  friend bool operator==(const Json&, const Json&) = default;

 private:
  friend class JsonReader;
  struct Digits {
    std::string text;
    friend bool operator==(const Digits&, const Digits&) = default;
  };

  std::variant<std::nullptr_t, bool, std::int64_t, double, std::string, Array, Object, Digits>
      value_ = nullptr;
};

/// Appends `text` as a JSON string, quotes included. Bytes that are not UTF-8 become U+FFFD.
void append_json_string(std::string& out, std::string_view text);

}  // namespace cdctl
