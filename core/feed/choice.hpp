#pragma once

#include <memory>
#include <string_view>

#include "core/app/context.hpp"

namespace cdctl::feed {

/// The feed of this configuration: the plugin's whose table it has (or whose variable a unit was
/// given, such as AMQP_URL), else the spool of the home. Exit code `config` when there is neither.
[[nodiscard]] Result<Feed*> choose_feed(app::Context& context, bool as_unit);

/// Where a named reader of this configuration keeps its position.
[[nodiscard]] std::filesystem::path cursor_file(const app::Context& context,
                                                std::string_view reader);

/// Opens the feed behind the query's position. One that is none in this feed, because the
/// configuration has another one by now, is told, and the oldest signal that is kept comes first:
/// what was said meanwhile comes, some of it perhaps once more. `whose`: who stopped there.
[[nodiscard]] Result<std::unique_ptr<FeedReader>> open_behind(app::Context& context, Feed& feed,
                                                              FeedQuery query,
                                                              std::string_view whose,
                                                              const Deadline& deadline);

}  // namespace cdctl::feed
