#pragma once

#include <string>

#include <cdctl/json.hpp>

namespace cdctl::cli {

/// The full record of `inspect` as a page for people, its lines broken at `columns` (0: not at
/// all).
[[nodiscard]] std::string inspect_page(const Json& record, bool colour, std::size_t columns);

}  // namespace cdctl::cli
