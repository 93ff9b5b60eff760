#pragma once

#include <string>

#include <cdctl/json.hpp>
#include <cdctl/record_rows.hpp>

namespace cdctl::cli {

/// What a column of a table shows of a record.
[[nodiscard]] std::string cell_text(const Json& record, const plugin::ColumnRow& column);
/// The word for what a set is, and what people have said of it: `live`, `cut, pinned`.
[[nodiscard]] std::string state_text(const Json& set);
/// A value in one line; `-` for null.
[[nodiscard]] std::string scalar_text(const Json& value);

}  // namespace cdctl::cli
