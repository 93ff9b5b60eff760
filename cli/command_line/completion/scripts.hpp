#pragma once

#include <string_view>

namespace cdctl::cli::completion {

/// The file of completions/ for a shell, compiled in; empty for a shell that has none.
[[nodiscard]] std::string_view completion_script(std::string_view shell);

}  // namespace cdctl::cli::completion
