#pragma once

#include <cdctl/host.hpp>
#include <cdctl/roles.hpp>

#include "plugins/local/paths.hpp"

namespace cdctl::local {

/// Signals of this machine as lines in hourly files, for those who have no broker, or whose broker
/// is down. A sender has the feed's lock while it appends, and returns once the lines are on the
/// disk; readers need no lock. Files older than seven days are removed by the senders.
class LocalFeed final : public Feed {
 public:
  explicit LocalFeed(Host& host) : home_(host.home()) {}
  [[nodiscard]] Result<> do_send(std::span<const Json> signals, const Deadline& deadline) override;
  [[nodiscard]] Result<std::unique_ptr<FeedReader>> do_open(const FeedQuery& query,
                                                            const Deadline& deadline) override;
  [[nodiscard]] std::optional<Millis> do_keeps_for() const override;

 private:
  HomePaths home_;
};

/// `20261123T07`: the segment that a signal received at `time` belongs to. They sort as they follow
/// each other.
[[nodiscard]] std::string segment_stamp(Time time);
/// All segments of the feed in order; none when there is no feed. Exit code `unknown` when it
/// cannot be read.
[[nodiscard]] Result<std::vector<std::string>> segments(const HomePaths& home);

}  // namespace cdctl::local
