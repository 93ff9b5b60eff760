#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <cdctl/guarded.hpp>
#include <cdctl/json.hpp>
#include <cdctl/time.hpp>

namespace cdctl {

struct FeedQuery {
  std::optional<Time> since;  ///< replay from here; empty = from now on
  std::string cursor;   ///< go on after this position (of an earlier reader of the same feed). With
                        ///< follow and since, what lies between comes first, marked `replayed`
  bool follow = false;  ///< go on for ever; else end at what is there now
};

class FeedReader {
 public:
  virtual ~FeedReader() = default;
  /// The next signals (flat `cdctl.signal/1` records with `received`), as many as are there,
  /// waiting at most `wait` for the first. Empty = none came.
  [[nodiscard]] Result<std::vector<Json>> next(Millis wait) {
    return guarded([&] { return do_next(wait); });
  }
  /// Without follow: everything that was there has been given.
  [[nodiscard]] bool at_end() const {
    return guarded_or(true, [&] { return do_at_end(); });
  }
  /// The position after the last signal given, to store once it was written out; who follows from
  /// now on has one at once. What is replayed does not move it. Plain text on one line.
  [[nodiscard]] std::string cursor() const {
    return guarded_or(std::string(), [&] { return do_cursor(); });
  }

 protected:
  [[nodiscard]] virtual Result<std::vector<Json>> do_next(Millis wait) = 0;
  [[nodiscard]] virtual bool do_at_end() const = 0;
  [[nodiscard]] virtual std::string do_cursor() const = 0;
};

class Feed {
 public:
  virtual ~Feed() = default;
  /// Sends flat signal records; returns once the feed has them for good (a publisher confirm, an
  /// fsync'ed line).
  [[nodiscard]] Result<> send(std::span<const Json> signals, const Deadline& deadline) {
    return guarded([&] { return do_send(signals, deadline); });
  }
  [[nodiscard]] Result<std::unique_ptr<FeedReader>> open(const FeedQuery& query,
                                                         const Deadline& deadline) {
    return guarded([&] { return do_open(query, deadline); });
  }
  /// How long it keeps signals; empty when nobody can say.
  [[nodiscard]] std::optional<Millis> keeps_for() const {
    return guarded_or(std::optional<Millis>(), [&] { return do_keeps_for(); });
  }

 protected:
  [[nodiscard]] virtual std::optional<Millis> do_keeps_for() const { return {}; }
  [[nodiscard]] virtual Result<> do_send(std::span<const Json> signals,
                                         const Deadline& deadline) = 0;
  [[nodiscard]] virtual Result<std::unique_ptr<FeedReader>> do_open(const FeedQuery& query,
                                                                    const Deadline& deadline) = 0;
};

}  // namespace cdctl
