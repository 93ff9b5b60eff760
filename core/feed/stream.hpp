#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <cdctl/lock.hpp>

#include "core/app/context.hpp"
#include "core/fleet/selector.hpp"

namespace cdctl::feed {

/// A named reader of the feed: one at a time in a configuration, with the position of what it has
/// written out, from its first start on. Default-made it is a reader without a name, which keeps
/// none.
struct NamedReader {
  std::filesystem::path file;
  std::optional<FileLock> lock;
  std::string cursor;

  /// Exit code `usage` for a name that cannot be one, `refused` while another one has it.
  [[nodiscard]] static Result<NamedReader> open(app::Context& context, const std::string& name);
  [[nodiscard]] Result<> store(const std::string& position);
};

/// Where the feed ends now: for who looks back before the first signal that is new to him.
[[nodiscard]] Result<std::string> position_now(Feed& feed, const Deadline& deadline);

/// Writes the signals of the feed that the selectors let through (all without one). To the end of
/// what is there, or with `query.follow` for ever, over outages of the broker, each told once. With
/// follow, what waits in the spool is sent beside it.
[[nodiscard]] Result<> write_signals(app::Context& context, Feed& feed, FeedQuery query,
                                     std::vector<fleet::Selector> selectors, NamedReader& reader,
                                     const Deadline& deadline);

}  // namespace cdctl::feed
