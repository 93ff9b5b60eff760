#pragma once

#include <cstdint>
#include <string>

#include <cdctl/roles/memory.hpp>

namespace cdctl {

/// Notes in the memo that the set is cut at this time.
void note_cut(CutMemo& memo, Time at);

/// Cuts of this set in the last day: so often what its workers held went back to the queue. Of a
/// message that waits longer nothing is known.
[[nodiscard]] std::int64_t recent_cuts(const CutMemo& memo, Time at);

/// A queue that gives a message up after so many returns, and the cuts of its service in the last
/// day. A cut hands everything back that the workers had prefetched, bystanders included.
struct ReturnsLeft {
  std::string queue;
  std::int64_t limit = 0;  ///< returns that a message survives
  std::int64_t cuts = 0;

  /// Cuts that a message survives which a cut set's workers held each time; below 0 it has been
  /// given up.
  [[nodiscard]] std::int64_t left() const { return limit - cuts; }
  /// Whether people should know before the next cut.
  [[nodiscard]] bool near() const { return left() <= 3; }
  /// `the queue q gives a message up at its 4th return; 2 cuts in the last 24h: …`
  [[nodiscard]] std::string text() const;
};

}  // namespace cdctl
