#pragma once

#include <queue>
#include <utility>
#include <vector>

#include <cdctl/time.hpp>

namespace cdctl::breaker {

/// Those who leave at a time that may be put off while they wait for it, so that nobody has to be
/// looked at to know who is still there.
template <class Member>
class Leaving {
 public:
  /// `member` outlives its place here.
  void add(Time at, Member& member) { queue_.emplace(at, &member); }
  /// `left(member)` for each whose time is before `clock`. It answers when the member's time is
  /// now, and something earlier than `clock` when it has left.
  template <class Left>
  void pass(Time clock, const Left& left) {
    while (!queue_.empty() && queue_.top().first < clock) {
      auto* const member = queue_.top().second;
      queue_.pop();
      if (const Time at = left(*member); at >= clock) queue_.emplace(at, member);
    }
  }

 private:
  using Place = std::pair<Time, Member*>;
  struct Later {
    bool operator()(const Place& a, const Place& b) const { return a.first > b.first; }
  };
  std::priority_queue<Place, std::vector<Place>, Later> queue_;
};

}  // namespace cdctl::breaker
