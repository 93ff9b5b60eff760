#include "core/feed/choice.hpp"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include <fmt/format.h>

#include <cdctl/text.hpp>

#include "core/app/configurations.hpp"

namespace cdctl::feed {

namespace {

/// Where nobody can say how long a feed keeps its signals.
constexpr Millis k_oldest = std::chrono::hours(24 * 7);

/// An answer, and not the want of one.
bool was_refused(const Error& error) {
  return !error.transient && (error.exit == ExitCode::usage || error.exit == ExitCode::failed);
}

/// The feed that the environment of a unit connects it to; empty when it names none.
std::string feed_of_unit(app::Context& context) {
  for (const auto& plugin : context.plugin_host().plugins()) {
    if (plugin.unit_env.empty() || !std::getenv(plugin.unit_env.c_str())) continue;
    for (const auto& row : plugin.roles)
      if (row.role == "feed") return row.kind;
  }
  return {};
}

}  // namespace

Result<Feed*> choose_feed(app::Context& context, bool as_unit) {
  if (as_unit && std::getenv("CDCTL_SET"))
    if (const auto own = feed_of_unit(context); !own.empty()) return context.feed(own);
  auto loaded = context.load_config();
  if (loaded) return context.feed(context.feed_name());
  if (as_unit && std::getenv("CDCTL_HOME") && !std::getenv("CDCTL_CONFIG")) {
    CDCTL_TRY(context.check_home());
    return context.feed(k_embedded);
  }
  return std::unexpected(loaded.error());
}

std::filesystem::path cursor_file(const app::Context& context, std::string_view reader) {
  return app::own_folder(context) / "readers" / reader;
}

Result<std::unique_ptr<FeedReader>> open_behind(app::Context& context, Feed& feed, FeedQuery query,
                                                std::string_view whose, const Deadline& deadline) {
  auto opened = feed.open(query, deadline);
  if (opened || query.cursor.empty() || !was_refused(opened.error())) return opened;
  const auto position = std::exchange(query.cursor, {});
  const auto oldest = now() - feed.keeps_for().value_or(k_oldest);
  query.since = std::min(query.since.value_or(oldest), oldest);
  auto anew = feed.open(query, deadline);
  if (anew)
    context.out.warning(
        fmt::format("{}: '{}' is no position in this feed, the configuration had another one; it "
                    "begins with the oldest signal that is kept",
                    whose, printable(position, 60)));
  return anew;
}

}  // namespace cdctl::feed
