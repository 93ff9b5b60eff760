#include "cli/output/cell.hpp"

#include <fmt/format.h>

#include <cdctl/text.hpp>
#include <cdctl/time.hpp>

#include "cli/output/note.hpp"
#include "core/records/set.hpp"

namespace cdctl::cli {

namespace {

constexpr std::size_t k_subject = 40;
constexpr std::size_t k_brief = 34;  // leaves room in 80 columns for the rest of a unit

/// The sources of a record in short: `trunk 9f2c1ab #124 Fix the colours`.
std::string sources_text(const Json& sources) {
  std::string out;
  for (const auto& [name, source] : sources.members()) {
    if (name == "service") continue;
    if (!out.empty()) out += ", ";
    out += name + " " + source["revision"].as_string().substr(0, 8);
    if (source["number"].is_int()) out += fmt::format(" #{}", source["number"].as_int());
    if (const auto subject = source["subject"].view(); !subject.empty())
      out += fmt::format(" {}", fit(subject, k_subject));
  }
  return printable(out, 300);
}

/// What a plugin does: `switch feed`; the kind is named only where it is not the plugin's name.
std::string roles_text(const Json& record, const Json& roles) {
  std::string out;
  const auto own = ":" + record["name"].as_string();
  for (const auto& item : roles.items()) {
    auto role = scalar_text(item);
    if (role.ends_with(own)) role.resize(role.size() - own.size());
    out += (out.empty() ? "" : " ") + role;
  }
  return out;
}

/// The items of a list in a row, each as `text_of` has it.
std::string row_text(const Json& list, const auto& text_of) {
  std::string out;
  for (const auto& item : list.items()) {
    const std::string text = text_of(item);
    if (!text.empty()) out += (out.empty() ? "" : " ") + text;
  }
  return out;
}

std::string pair_text(const Json& pair) {
  return pair.items().size() == 2
             ? scalar_text(pair.items()[0]) + "=" + scalar_text(pair.items()[1])
             : "";
}

std::string age_text(const Json& value) {
  const auto time = parse_rfc3339(value.view());
  return time ? to_age(now() - *time) : "-";
}

/// `11-23 04:12:09`
std::string clock_text(const Json& value) {
  const auto text = value.as_string();
  return text.size() < 20 ? scalar_text(value) : text.substr(5, 5) + " " + text.substr(11, 8);
}

std::string units_text(const Json& value) {
  return value.is_object()
             ? fmt::format("{}/{}", scalar_text(value["up"]), scalar_text(value["want"]))
             : "?";
}

}  // namespace

std::string scalar_text(const Json& value) {
  if (value.is_null()) return "-";
  if (value.is_string()) return printable(value.view(), 300);
  return value.dump();
}

std::string state_text(const Json& set) { return note_text(set, records::Set::k_state); }

std::string cell_text(const Json& record, const plugin::ColumnRow& column) {
  using plugin::Show;
  const auto& value = record[column.member];
  switch (column.show) {
    case Show::age:
      return age_text(value);
    case Show::clock:
      return clock_text(value);
    case Show::millis:
      return value.is_null() ? "-" : fmt::format("{} ms", value.as_double());
    case Show::units:
      return units_text(value);
    case Show::yes:
      return value.as_bool() ? "yes" : "no";
    case Show::cut:
      return value.is_null() ? "?" : value.as_bool() ? "cut" : "-";
    case Show::words:
      return row_text(value, scalar_text);
    case Show::names:
      return row_text(value, [](const Json& item) { return scalar_text(item["name"]); });
    case Show::pairs:
      return row_text(value, pair_text);
    case Show::sources:
      return sources_text(value);
    case Show::roles:
      return roles_text(record, value);
    case Show::note:
      return printable(note_text(record, column.note), 120);
    case Show::phrase:
      return printable(note_text(record, column.note), 300);
    case Show::brief:
      return value.is_null() ? "" : printable(value.view(), k_brief);
    case Show::blank:
      return value.is_null() ? "" : scalar_text(value);
    case Show::text:
      break;
  }
  return scalar_text(value);
}

}  // namespace cdctl::cli
