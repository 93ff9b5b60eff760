#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <cdctl/lock.hpp>

#include "core/app/context.hpp"
#include "core/fleet/selector.hpp"

namespace cdctl::feed {

/// A named reader of the feed: one at a time, with the position of what it has written out.
/// Default-made it is a reader without a name, which keeps none.
struct NamedReader {
  std::filesystem::path file;
  std::optional<FileLock> lock;
  std::string cursor;

  /// Exit code `usage` for a name that cannot be one, `refused` while another one has it.
  [[nodiscard]] static Result<NamedReader> open(app::Context& context, const std::string& name);
  void store(const std::string& position);
};

/// Writes the signals of the feed that the selectors let through (all without one). To the end of
/// what is there, or with `query.follow` for ever, over outages of the broker.
[[nodiscard]] Result<> write_signals(app::Context& context, Feed& feed, FeedQuery query,
                                     std::vector<fleet::Selector> selectors, NamedReader& reader,
                                     const Deadline& deadline);

}  // namespace cdctl::feed
