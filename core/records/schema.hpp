#pragma once

#include <string>

#include <cdctl/json.hpp>
#include <cdctl/record_rows.hpp>

namespace cdctl::records {

/// What a value of a row's type is, in JSON Schema (draft 7). Exit code `failed` for a type that
/// the language of <cdctl/record_rows.hpp> does not have.
[[nodiscard]] Result<Json> schema_of_type(const plugin::MemberRow& row);
/// The JSON Schema of a kind of record.
[[nodiscard]] Result<Json> schema_of(const plugin::RecordRow& row);
/// `cdctl.set.1.schema.json`
[[nodiscard]] std::string schema_file(std::string_view schema);

}  // namespace cdctl::records
