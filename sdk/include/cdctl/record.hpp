#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <vector>

#include <cdctl/json.hpp>
#include <cdctl/record_rows.hpp>
#include <cdctl/set_name.hpp>
#include <cdctl/time.hpp>

// What makes a record of a struct. The struct says what it holds in `rows()`, a tuple of fields in
// the order in which they are written:
//
//     struct Problem {
//       static constexpr plugin::RecordRow k_head = …;
//       std::string file;
//       std::optional<std::int64_t> line;
//       static constexpr auto rows() {
//         return std::tuple{required("file", &Problem::file, "text"),
//                           optional("line", &Problem::line, "integer >= 1")};
//       }
//     };
//
// A member that is empty (an empty text or list, an optional without a value, a null) is written as
// null where its type says ` or null`, and left out where it is optional. Reading is as lenient as
// it is everywhere in a pipe: what is absent, or of another type, leaves the member as it was.

namespace cdctl::records {

using plugin::ColumnRow;
using plugin::MemberRow;
using plugin::Presence;
using plugin::RecordRow;
using plugin::Show;

/// Makes a value of JSON, and back. Specialised for types of the SDK beside the records that hold
/// them; `shape()` are the rows of an object.
template <class Value>
struct Codec;

namespace detail {

template <class Value>
struct is_optional : std::false_type {};
template <class Value>
struct is_optional<std::optional<Value>> : std::true_type {};
template <class Value>
struct is_vector : std::false_type {};
template <class Value>
struct is_vector<std::vector<Value>> : std::true_type {};

/// Of such a member an empty one is left out, and a null is something that it can hold.
template <class Value>
struct holds_null : std::false_type {};
template <>
struct holds_null<std::optional<Json>> : std::true_type {};
template <class Value>
struct holds_null<std::optional<std::optional<Value>>> : std::true_type {};

template <class Value>
concept Shaped = requires { Value::rows(); };
template <class Value>
concept Coded = requires(const Value& value) { Codec<Value>::write(value); };

/// What a list, or a value that can be empty, holds.
template <class Value>
struct inner {
  using type = Value;
};
template <class Value>
struct inner<std::optional<Value>> : inner<Value> {};
template <class Value>
struct inner<std::vector<Value>> : inner<Value> {};

/// Whether a row of this type can be of a member of this type: a slip does not compile.
template <class Value>
consteval bool fits(std::string_view type) {
  constexpr auto is = [](std::string_view text, std::string_view begin) {
    return text.starts_with(begin) && (text.size() == begin.size() || text[begin.size()] == ' ');
  };
  if constexpr (is_optional<Value>::value) {
    return fits<typename Value::value_type>(type);
  } else if constexpr (std::is_same_v<Value, Json>) {
    return true;
  } else if constexpr (std::is_same_v<Value, bool>) {
    return is(type, "flag") || is(type, "true");
  } else if constexpr (std::is_integral_v<Value>) {
    return is(type, "integer");
  } else if constexpr (std::is_floating_point_v<Value>) {
    return is(type, "number");
  } else if constexpr (std::is_same_v<Value, Time>) {
    return is(type, "time") || is(type, "date");
  } else if constexpr (std::is_same_v<Value, std::string>) {
    for (const auto* word : {"text", "word", "uuid", "set", "service", "revision", "one of"})
      if (is(type, word)) return true;
    return false;
  } else if constexpr (is_vector<Value>::value) {
    return is(type, "list") || is(type, "pairs");
  } else {
    return is(type, "object") || is(type, "map of object");
  }
}

}  // namespace detail

/// A member of the struct `Record` and its row.
template <class Record, class Value>
struct Field {
  using value_type = Value;
  MemberRow row;
  Value Record::* member;
  bool nullable;
};

template <class Record, class Value>
consteval Field<Record, Value> make_field(MemberRow row, Value Record::* member) {
  if (!detail::fits<Value>(row.type)) throw "the row's type is not that of the member";
  return {row, member, std::string_view(row.type).ends_with(" or null")};
}
template <class Record, class Value>
consteval auto required(const char* name, Value Record::* member, const char* type,
                        const char* meaning = "") {
  return make_field(MemberRow{name, type, meaning, Presence::required}, member);
}
template <class Record, class Value>
consteval auto optional(const char* name, Value Record::* member, const char* type,
                        const char* meaning = "") {
  return make_field(MemberRow{name, type, meaning, Presence::optional}, member);
}

/// The members of a record that no field holds, an object: they are written where this stands, and
/// all that is unread comes here.
template <class Record>
struct Further {
  Json Record::* member;
};
template <class Record>
consteval Further<Record> further(Json Record::* member) {
  return {member};
}
/// A row of one of those.
struct Told {
  MemberRow row;
};
consteval Told told(const char* name, const char* type, const char* meaning = "") {
  return {MemberRow{name, type, meaning, Presence::optional}};
}

template <class Record>
[[nodiscard]] Json encode(const Record& record);
template <class Record>
[[nodiscard]] Record decode(const Json& json);

// ------------------------------------------------------------------- values

namespace detail {

template <class Value>
bool is_empty(const Value& value) {
  if constexpr (is_optional<Value>::value)
    return !value;
  else if constexpr (std::is_same_v<Value, Json>)
    return value.is_null();
  else if constexpr (requires { value.empty(); })
    return value.empty();
  else
    return false;
}

template <class Value>
Json write(const Value& value) {
  if constexpr (is_optional<Value>::value) {
    return value ? write(*value) : Json();
  } else if constexpr (Coded<Value>) {
    return Codec<Value>::write(value);
  } else if constexpr (Shaped<Value>) {
    return encode(value);
  } else if constexpr (is_vector<Value>::value) {
    Json::Array out;
    out.reserve(value.size());
    for (const auto& item : value) out.push_back(write(item));
    return Json(std::move(out));
  } else if constexpr (std::is_same_v<Value, Time>) {
    return Json(to_rfc3339(value));
  } else {
    return Json(value);
  }
}

template <class Value>
void read(const Json& json, Value& into) {
  if constexpr (is_optional<Value>::value) {
    typename Value::value_type value{};
    bool usable = holds_null<Value>::value || !json.is_null();
    if constexpr (std::is_same_v<typename Value::value_type, bool>)
      usable = json.is_bool();
    else if constexpr (std::is_integral_v<typename Value::value_type>)
      usable = json.is_int();
    else if constexpr (std::is_floating_point_v<typename Value::value_type>)
      usable = json.is_number();
    else if constexpr (std::is_same_v<typename Value::value_type, Time>)
      usable = parse_rfc3339(json.view()).has_value();
    else if constexpr (std::is_same_v<typename Value::value_type, std::string>)
      usable = json.is_string();
    else if constexpr (Coded<typename Value::value_type>)
      usable = Codec<typename Value::value_type>::usable(json);
    else if constexpr (Shaped<typename Value::value_type>)
      usable = json.is_object();
    else if constexpr (is_vector<typename Value::value_type>::value)
      usable = json.is_array();
    if (!usable) return;
    read(json, value);
    into = std::move(value);
  } else if constexpr (Coded<Value>) {
    Codec<Value>::read(json, into);
  } else if constexpr (Shaped<Value>) {
    if (json.is_object()) into = decode<Value>(json);
  } else if constexpr (is_vector<Value>::value) {
    for (const auto& item : json.items()) read(item, into.emplace_back());
  } else if constexpr (std::is_same_v<Value, Time>) {
    into = parse_rfc3339(json.view()).value_or(into);
  } else if constexpr (std::is_same_v<Value, std::string>) {
    if (json.is_string()) into = json.view();
  } else if constexpr (std::is_same_v<Value, bool>) {
    into = json.as_bool(into);
  } else if constexpr (std::is_integral_v<Value>) {
    into = static_cast<Value>(json.as_int(into));
  } else if constexpr (std::is_floating_point_v<Value>) {
    into = json.as_double(into);
  } else {
    into = json;
  }
}

template <class Record, class Value>
void write_field(const Record& record, const Field<Record, Value>& field, Json::Object& out) {
  const auto& value = record.*field.member;
  if constexpr (std::is_same_v<Value, bool>) {
    if (!value && field.row.presence == Presence::optional) return;
  } else if (is_empty(value)) {
    // An empty text or list of a required member is one; what can be null is.
    if (field.row.presence == Presence::optional && (!field.nullable || holds_null<Value>::value))
      return;
    if (field.nullable) {
      out.emplace_back(field.row.name, Json());
      return;
    }
  }
  out.emplace_back(field.row.name, write(value));
}
template <class Record>
void write_field(const Record& record, const Further<Record>& rest, Json::Object& out) {
  for (const auto& member : (record.*rest.member).members()) out.push_back(member);
}
template <class Record>
void write_field(const Record&, const Told&, Json::Object&) {}

/// Whether a field, and not Further, holds the member of this name.
template <class Record>
bool is_held(std::string_view name) {
  const auto one = [&](const auto& part) {
    if constexpr (requires { part.nullable; })
      return name == part.row.name;
    else
      return false;
  };
  return name == "schema" ||
         std::apply([&](const auto&... part) { return (one(part) || ...); }, Record::rows());
}

template <class Record, class Value>
void read_field(const Json& json, const Field<Record, Value>& field, Record& into) {
  if (const auto* there = json.find(field.row.name)) read(*there, into.*field.member);
}
template <class Record>
void read_field(const Json& json, const Further<Record>& rest, Record& into) {
  Json::Object unread;
  for (const auto& member : json.members())
    if (!is_held<Record>(member.first)) unread.push_back(member);
  if (!unread.empty()) into.*rest.member = Json(std::move(unread));
}
template <class Record>
void read_field(const Json&, const Told&, Record&) {}

template <class Record>
concept Headed = requires { Record::k_head; };

template <class Part>
constexpr std::size_t k_rows_in = requires(Part part) { part.row; } ? 1 : 0;

template <class Record>
consteval auto member_rows();

}  // namespace detail

/// The rows of a struct's members.
template <class Record>
inline constexpr auto k_members = detail::member_rows<Record>();

namespace detail {

template <class Part>
constexpr void add_row(const Part& part, auto& rows, std::size_t& count) {
  if constexpr (requires { part.row; }) {
    auto row = part.row;
    if constexpr (requires { typename Part::value_type; }) {
      using Inner = typename inner<typename Part::value_type>::type;
      if constexpr (Coded<Inner>) {
        row.shape = Codec<Inner>::shape().data();
        row.shape_count = Codec<Inner>::shape().size();
      } else if constexpr (Shaped<Inner>) {
        row.shape = k_members<Inner>.data();
        row.shape_count = k_members<Inner>.size();
      }
    }
    rows[count++] = row;
  }
}

template <class Record>
consteval auto member_rows() {
  return std::apply(
      [](const auto&... parts) {
        std::array<MemberRow, (k_rows_in<std::remove_cvref_t<decltype(parts)>> + ...)> out{};
        std::size_t count = 0;
        (add_row(parts, out, count), ...);
        return out;
      },
      Record::rows());
}

/// The field of the member `Member` points to.
template <auto Member, class Record>
consteval std::size_t index_of() {
  std::size_t at = 0, found = std::tuple_size_v<decltype(Record::rows())>;
  std::apply(
      [&](const auto&... parts) {
        (
            [&] {
              if constexpr (requires { parts.member == Member; })
                if (parts.member == Member) found = at;
              ++at;
            }(),
            ...);
      },
      Record::rows());
  if (found == std::tuple_size_v<decltype(Record::rows())>) throw "no row has this member";
  return found;
}

template <class Record, class Value>
Record record_of(Value Record::*);

}  // namespace detail

// ------------------------------------------------------------------- records

/// The record, its `schema` first if it has one.
template <class Record>
Json encode(const Record& record) {
  constexpr auto rows = Record::rows();
  Json::Object out;
  out.reserve(std::tuple_size_v<decltype(rows)> + 1);
  if constexpr (detail::Headed<Record>) out.emplace_back("schema", Record::k_head.schema);
  std::apply([&](const auto&... field) { (detail::write_field(record, field, out), ...); }, rows);
  return Json(std::move(out));
}

/// What the record says. Of a member that comes twice the first counts.
template <class Record>
Record decode(const Json& json) {
  Record out{};
  std::apply([&](const auto&... field) { (detail::read_field(json, field, out), ...); },
             Record::rows());
  return out;
}

/// Writes one member into a record that passes through: everything else in it stays as it came.
template <auto Member>
void put(Json& record, const auto& value) {
  using Record = decltype(detail::record_of(Member));
  constexpr auto field = std::get<detail::index_of<Member, Record>()>(Record::rows());
  record.set(field.row.name, detail::write(value));
}
/// Takes one member out of such a record.
template <auto Member>
void drop(Json& record) {
  using Record = decltype(detail::record_of(Member));
  record.erase(std::get<detail::index_of<Member, Record>()>(Record::rows()).row.name);
}
/// Reads one member of a record.
template <auto Member>
[[nodiscard]] auto get(const Json& record) {
  using Record = decltype(detail::record_of(Member));
  constexpr auto field = std::get<detail::index_of<Member, Record>()>(Record::rows());
  typename decltype(field)::value_type out{};
  detail::read(record[field.row.name], out);
  return out;
}

/// Whether a record is of this kind.
template <class Record>
[[nodiscard]] bool is(const Json& json) {
  return json["schema"].view() == Record::k_head.schema;
}
/// What a record is.
[[nodiscard]] inline std::string_view schema_of(const Json& json) { return json["schema"].view(); }

/// A head: what a kind of record is called, and the columns of its table.
template <std::size_t Count>
consteval RecordRow head(const char* schema, const char* title, const ColumnRow (&columns)[Count],
                         bool stream = false) {
  return {schema, title, stream, nullptr, 0, columns, Count};
}
consteval RecordRow head(const char* schema, const char* title) {
  return {schema, title, false, nullptr, 0, nullptr, 0};
}
/// The whole row of a kind of record.
template <class Record>
consteval RecordRow row_of() {
  auto out = Record::k_head;
  out.members = k_members<Record>.data();
  out.member_count = k_members<Record>.size();
  return out;
}

/// Fills the three members that name a set.
template <class Record>
void name_set(Record& record, const SetName& name) {
  record.service = name.service;
  record.revision = name.revision;
  record.set = name.str();
}

}  // namespace cdctl::records
