#pragma once

#include <array>
#include <cstdint>
#include <string>

#include <cdctl/host.hpp>

namespace cdctl::rabbit {

/// Counts the messages that a reader does not give because of who sent them, and says so in few
/// lines: anybody who may write to the feed may write very much into it.
class Unheard {
 public:
  enum class Why {
    nameless,   ///< it does not say who sent it
    pretender,  ///< its sender may not speak for that set
    detour,     ///< it came another way than by being published to the exchange of the signals
  };

  /// `at_once`: the first of a kind is told when it comes, and then each tenfold. Else one line a
  /// kind tells of all at the end.
  Unheard(Host& host, bool at_once) : host_(host), at_once_(at_once) {}
  Unheard(const Unheard&) = delete;
  Unheard& operator=(const Unheard&) = delete;
  ~Unheard() { finish(); }

  /// `text` says which message, and why.
  void note(Why why, std::string text);
  /// For who reads count() and first() instead.
  void keep_quiet() { quiet_ = true; }
  /// Tells what has not been told.
  void finish();
  [[nodiscard]] std::int64_t count(Why why) const { return kinds_[index(why)].count; }
  /// Of the first of its kind; empty when there was none.
  [[nodiscard]] const std::string& first(Why why) const { return kinds_[index(why)].first; }

 private:
  struct Kind {
    std::int64_t count = 0, told = 0, tell_at = 1;
    std::string first;
  };
  static std::size_t index(Why why) { return static_cast<std::size_t>(why); }
  void tell(Kind& kind);

  Host& host_;
  const bool at_once_;
  bool quiet_ = false;
  std::array<Kind, 3> kinds_;
};

}  // namespace cdctl::rabbit
