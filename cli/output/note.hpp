#pragma once

#include <string>
#include <string_view>

#include <cdctl/json.hpp>

namespace cdctl::cli {

/// What the note of a column says of a record: see plugin::ColumnRow for how one is written. Its
/// text comes as it is in the record, for printable().
[[nodiscard]] std::string note_text(const Json& record, std::string_view note);

}  // namespace cdctl::cli
