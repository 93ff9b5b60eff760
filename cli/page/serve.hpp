#pragma once

#include <string>

#include "cli/output/context.hpp"
#include "cli/page/teller.hpp"

namespace cdctl::cli {

/// Where the page is when nobody says so.
inline constexpr std::string_view k_page_address = "127.0.0.1:9466";

/// Serves the board to browsers until a stop is requested. It asks nobody itself: a process of its
/// own does (teller.hpp), for all who look, and only while somebody does. Exit code `usage` for an
/// address that needs a token and has none.
[[nodiscard]] Result<> serve_page(Context& context, const std::string& address,
                                  const std::string& token_file, const TellerOptions& options);

}  // namespace cdctl::cli
