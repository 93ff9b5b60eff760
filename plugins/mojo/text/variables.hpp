#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include <cdctl/error.hpp>

namespace cdctl::mojo {

/// The value of a variable; empty when it is not set.
using Lookup = std::function<std::optional<std::string>(const std::string&)>;

/// Replaces `${NAME}` and `${NAME:-default}` (used when NAME is unset or empty). Anything else with
/// a `$` stays as it is. The error is only the reason: which variable is not set, that a `${` is
/// not closed, or that one is inside another.
[[nodiscard]] std::expected<std::string, std::string> expand(std::string_view text,
                                                             const Lookup& lookup);

/// `[A-Za-z_][A-Za-z0-9_]*`
[[nodiscard]] bool valid_variable_name(std::string_view name);

}  // namespace cdctl::mojo
