#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cli/page/sections.hpp"
#include "cli/timeline/timeline.hpp"

namespace cdctl::cli {

/// How much of what a page has.
struct BoardLimits {
  std::size_t services = 60, sets = 30, lanes = 20, marks = 40;
  std::size_t rows = 50;       ///< actions, and signals
  std::size_t signals = 400;   ///< kept of a set, for its timeline
  std::size_t outcomes = 200;  ///< kept of a set, for its timeline
  Millis redraw{30'000};       ///< a timeline of which nothing has changed: time goes on
};

/// What the page shows, put together from looks, the log and the feed. Knows nobody to ask, and no
/// clock.
class Board {
 public:
  using Sections = std::vector<std::pair<std::string, std::string>>;  ///< names and HTML, in order

  explicit Board(Millis window, BoardLimits limits = {}) : window_(window), limits_(limits) {}

  /// A service as a look found it. Where it could not be asked (`error`), what was known of it
  /// stays, in doubt.
  void take(BoardService service, std::map<std::string, TimelineFacts> facts);
  /// These are all that there are.
  void keep_only(const std::vector<std::string>& services);
  void take_outcome(Json outcome);
  /// Of severity warning and above; others are passed over. Whether it was taken.
  bool take_signal(Json signal);
  /// From when on there are signals.
  void set_signals_from(std::optional<Time> from) { signals_from_ = from; }

  /// Whether there are some, or it is known that there are none.
  [[nodiscard]] bool knows_signals() const { return signals_from_ || !signals_.empty(); }

  [[nodiscard]] Sections draw(Time at);
  /// Actions and signals alone, which come between looks.
  [[nodiscard]] Sections draw_news() const;

 private:
  struct Kept {
    BoardService now;
    std::map<std::string, TimelineFacts> facts;
    std::string drawn;  ///< its timeline
    std::string seen;   ///< what that was drawn from
    Time drawn_at{};
  };
  /// What happened to a set, for its lane.
  struct Story {
    std::deque<Json> outcomes, signals;
    std::uint64_t count = 0;  ///< of all that there ever were
  };

  void forget(Time before);
  void draw_timeline(Kept& kept, Time at);
  [[nodiscard]] Timeline timeline_of(const Kept& kept, Time at) const;

  Millis window_;
  BoardLimits limits_;
  std::map<std::string, Kept> services_;
  std::map<std::string, Story> stories_;  ///< by set
  std::deque<Json> outcomes_, signals_;   ///< the last ones, of all
  std::optional<Time> signals_from_;
};

}  // namespace cdctl::cli
