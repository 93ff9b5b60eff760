#include "core/feed/choice.hpp"

#include <cstdlib>

namespace cdctl::feed {

namespace {

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
  return context.home() / "readers" / reader;
}

}  // namespace cdctl::feed
