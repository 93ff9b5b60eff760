#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <cdctl/fs.hpp>
#include <cdctl/roles.hpp>

#include "plugins/local/paths.hpp"

namespace cdctl::local {

/// A place in the feed: the end of a line. As text, `20261123T07:1234`.
struct Position {
  std::string stamp;  ///< empty: before everything
  std::int64_t offset = 0;
  auto operator<=>(const Position&) const = default;
};
[[nodiscard]] std::string to_text(const Position& position);
[[nodiscard]] std::optional<Position> parse_position(std::string_view text);

/// Reads the feed's files in order. Lines that are not JSON objects are passed over; a last line
/// without its end is waited for, and given up once the next file has begun.
class SegmentReader final : public FeedReader {
 public:
  /// Exit code `usage` when the cursor is not one of this feed.
  [[nodiscard]] static Result<std::unique_ptr<FeedReader>> make(const HomePaths& home,
                                                                const FeedQuery& query);
  SegmentReader(HomePaths home, const FeedQuery& query)
      : home_(std::move(home)), since_(query.since), follow_(query.follow) {}

  [[nodiscard]] Result<std::vector<Json>> do_next(Millis wait) override;
  [[nodiscard]] bool do_at_end() const override { return !follow_ && (ended_ || at_ >= end_); }
  [[nodiscard]] std::string do_cursor() const override { return to_text(std::max(at_, given_)); }

 private:
  Result<> look_back();
  [[nodiscard]] Result<> find_begin(const FeedQuery& query, const std::vector<std::string>& all);
  [[nodiscard]] Result<> watch();
  /// What is there now, as much as one batch holds. `moved` tells whether the position changed at
  /// all.
  [[nodiscard]] Result<std::vector<Json>> read_some(bool& moved);
  [[nodiscard]] Result<std::string> read_at(const Position& from, std::size_t most) const;
  void take_lines(std::string_view text, std::vector<Json>& out);
  void wait_for_change(const Deadline& deadline) const;

  HomePaths home_;
  std::optional<Time> since_;
  bool follow_, ended_ = false;
  Position at_, end_;  ///< end_: where a reader that does not follow stops
  Position given_;     ///< what looks back: up to here it is a replay
  Fd changes_;         ///< inotify on the feed's folder
};

}  // namespace cdctl::local
