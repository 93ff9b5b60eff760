#include "core/feed/choice.hpp"

#include <cstdlib>

namespace cdctl::feed {

Result<Feed*> choose_feed(app::Context& context, bool as_unit) {
  if (as_unit && std::getenv("AMQP_URL") && std::getenv("CDCTL_SET")) return context.feed("rabbit");
  auto loaded = context.load_config();
  if (loaded)
    return context.feed(context.config().table["rabbit"].is_object() ? "rabbit" : "local");
  if (as_unit && std::getenv("CDCTL_HOME") && !std::getenv("CDCTL_CONFIG"))
    return context.feed("local");
  return std::unexpected(loaded.error());
}

std::filesystem::path cursor_file(const app::Context& context, std::string_view reader) {
  return context.home() / "readers" / reader;
}

}  // namespace cdctl::feed
