#pragma once

#include <string>

#include <cdctl/target.hpp>
#include <cdctl/time.hpp>

#include "core/app/context.hpp"

namespace cdctl::land {

/// By which name a memory keeps that nothing lands on a target: that of a service, which no service
/// should have. Exit code `usage` for a target whose name leaves no room for it.
[[nodiscard]] Result<std::string> freeze_name(const std::string& target);

/// Why nothing lands on a target at present, by its file or by `hold`, and how that ends; empty
/// when it does. A memory that cannot be asked is no "it does": exit code `unknown`.
[[nodiscard]] Result<std::string> frozen(app::Context& context, const TargetConfig& target,
                                         const Deadline& deadline);

/// The target as its file says now: between the gate and the push there may be hours. Exit code
/// `config` where that cannot be used any more.
[[nodiscard]] Result<TargetConfig> read_again(app::Context& context, const TargetConfig& target);

}  // namespace cdctl::land
