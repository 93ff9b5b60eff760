#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <cdctl/json.hpp>
#include <cdctl/names.hpp>

#include "trip_rule.hpp"

namespace cdctl::cli {

/// What a breaker needs of one signal.
struct Observation {
  std::string_view set, signal;
  Severity severity = Severity::info;
  Time time;               ///< event time, clamped to received (design §4)
  Time received;           ///< the feed's clock; the event time where there is none
  std::uint64_t identity = 0;  ///< hash of the id; 0 = none, never a duplicate
};

/// Identities seen lately: a duplicate within the last `k_kept` signals is found; beyond that it counts again.
class RecentIds {
 public:
  static constexpr std::size_t k_kept = 1u << 17;
  RecentIds() : slots_(k_kept * 4), ring_(k_kept) {}
  /// False when it was seen.
  bool add(std::uint64_t identity);

 private:
  std::size_t find(std::uint64_t identity) const;
  void remove(std::uint64_t identity);

  std::vector<std::uint64_t> slots_;  ///< open addressing, 0 = free
  std::vector<std::uint64_t> ring_;
  std::size_t next_ = 0;
};

/// Decides from signals which sets are unhealthy. Knows no clock of its own: tick() gives it one. Memory is bounded by
/// sets × rules × the events of a window (at most 10,000 each), plus RecentIds. One set's trip never touches another,
/// but for one rule: when two or more sets of a service signal in a window and all of them are bad, it is the world.
class Breaker {
 public:
  using RulesOf = std::function<std::vector<Rule>(std::string_view service)>;
  using Emit = std::function<void(const Json& verdict)>;

  Breaker(RulesOf rules_of, Emit emit, bool emit_all);

  /// False when the set's name cannot be one.
  bool add(const Observation& signal);
  /// The reader's clock: closes windows that have gone quiet.
  void tick(Time clock);
  /// No verdict of this service from here on: someone upstream could not ask.
  void block(std::string_view service);
  [[nodiscard]] bool any_unhealthy() const { return ever_unhealthy_; }

 private:
  struct Window {
    std::deque<Time> events;  ///< sorted; for `in a row`, of the present run
  };
  struct Set;
  struct Service {
    std::string name;
    std::vector<Rule> rules;
    Millis longest{};
    std::vector<Set*> sets;
    bool blocked = false;
  };
  enum class Verdict { healthy, unhealthy, undecided };
  struct Set {
    SetName name;
    Service* service = nullptr;
    std::vector<Window> windows;
    Time newest{}, last_received{};
    int bad = -1;  ///< the rule that holds, or -1
    Verdict verdict = Verdict::healthy;
  };
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };

  Set* find(std::string_view name);
  Service& service_of(const std::string& name);
  static void count(Window& window, const Rule& rule, const Observation& signal, Time newest);
  static bool holds(const Window& window, const Rule& rule, Time until);
  void judge(Service& service, Set* cause);
  void emit(const Set& set, Verdict verdict, Time time);

  RulesOf rules_of_;
  Emit emit_;
  bool emit_all_, ever_unhealthy_ = false;
  RecentIds ids_;
  Time clock_{}, swept_{};
  std::unordered_map<std::string, std::unique_ptr<Set>, Hash, std::equal_to<>> sets_;
  std::map<std::string, std::unique_ptr<Service>, std::less<>> services_;
};

}  // namespace cdctl::cli
