#pragma once

#include "core/app/context.hpp"

namespace cdctl::feed {

/// The feed of this configuration: the plugin's whose table it has (or whose variable a unit was
/// given, such as AMQP_URL), else the spool of the home. Exit code `config` when there is neither.
[[nodiscard]] Result<Feed*> choose_feed(app::Context& context, bool as_unit);

/// Where a named reader keeps its position.
[[nodiscard]] std::filesystem::path cursor_file(const app::Context& context,
                                                std::string_view reader);

}  // namespace cdctl::feed
