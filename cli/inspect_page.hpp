#pragma once

#include <string>

#include <cdctl/json.hpp>

namespace cdctl::cli {

/// The full record of `inspect` as a page for people.
[[nodiscard]] std::string inspect_page(const Json& record, bool colour);

}  // namespace cdctl::cli
