#pragma once

#include <functional>
#include <map>
#include <memory>

#include <cdctl/roles.hpp>
#include <cdctl/set_name.hpp>

#include "core/breaker/recent_ids.hpp"
#include "core/breaker/set_index.hpp"
#include "core/breaker/set_state.hpp"
#include "core/breaker/verdict_record.hpp"

namespace cdctl::breaker {

/// Decides from signals which sets are unhealthy (docs/breakers.md). Knows no clock of its own: the
/// signals and tick() give it one. Memory is bounded by sets × rules × the counters of a window,
/// plus RecentIds, however many signals come.
class Breaker {
 public:
  struct Hooks {
    std::function<std::vector<Rule>(std::string_view service)> rules_of;
    std::function<void(const VerdictRecord& verdict)> emit;
    /// What a person has forced, asked for before a set is called unhealthy. May be empty.
    std::function<std::optional<Force>(const SetName& set)> force_of = {};
    /// Whether evidence of that time is too old to be acted on by now. May be empty: then none is.
    std::function<bool(const SetName& set, Time last)> too_old = {};
  };

  Breaker(Hooks hooks, bool emit_all);

  /// False when the set's name cannot be one.
  bool add(const Observation& signal);
  /// The reader's clock: closes windows that have gone quiet, decides what has stood for long
  /// enough.
  void tick(Time clock);
  /// The end of the input, at `clock`: decides what only waited for others to show the same, and
  /// closes nothing.
  void settle(Time clock);
  /// When what waits for others is decided, at the latest; empty when nothing does.
  [[nodiscard]] std::optional<Time> next_due() const;
  /// The same as it was a moment ago, or sooner than it is: cheap, for a reader that asks before
  /// each line.
  [[nodiscard]] std::optional<Time> due_hint() const { return hint_; }
  /// Someone upstream could not ask: the service's sets are of verdict `error`, and nothing is
  /// decided of them from here on.
  void block(std::string_view service, std::string_view why);
  [[nodiscard]] bool any_unhealthy() const { return ever_unhealthy_; }
  /// What each rule of each set has seen.
  void explain(const std::function<void(const ExplainRecord&)>& write);

  static constexpr Millis k_fresh =
      std::chrono::minutes(5);  ///< a set that was heard of since is there
  static constexpr Millis k_heard =
      std::chrono::minutes(15);  ///< the same to compare with, or half the window
  static constexpr Millis k_grace =
      std::chrono::minutes(15);  ///< after what everyone showed, at most
  static constexpr Millis k_together =
      std::chrono::minutes(10);             ///< services that turn bad within it do so together
  static constexpr std::size_t k_many = 3;  ///< services
  static constexpr Millis k_open = std::chrono::minutes(1);  ///< the first time
  static constexpr Millis k_longest_open = std::chrono::minutes(30);
  static constexpr Millis k_decay = std::chrono::hours(1);
  static constexpr Millis k_again =
      std::chrono::minutes(1);  ///< an undecided that stands is said again
  static constexpr int k_escalate = 4;
  static constexpr Millis k_trial = std::chrono::seconds(30);  ///< half open, at most
  static constexpr std::uint64_t k_trial_work = 20;  ///< that must go well to end it sooner

 private:
  using Sets = std::vector<BreakerSet*>;

  // breaker.cpp: what signals do
  BreakerSet* find(std::string_view name);
  BreakerService& service_of(std::string_view name);
  bool count(BreakerSet& set, RuleState& state, const Rule& rule, const Observation& signal) const;
  [[nodiscard]] Side side_of(const BreakerSet& set, std::size_t rule, Time clock) const;
  [[nodiscard]] std::vector<Side> peers_of(const BreakerSet& set, std::size_t rule,
                                           Time clock) const;
  [[nodiscard]] bool fresh(const BreakerSet& set, Time clock) const {
    return clock - set.last_received <= k_fresh;
  }
  [[nodiscard]] bool has_peer(const BreakerSet& set, Time clock) const;
  [[nodiscard]] Millis wait_of(const BreakerSet& set, const Rule& rule, Time clock) const;
  void read(BreakerSet& set, std::size_t rule, Time clock);
  /// Goes through all moments of a gap at which something may change.
  void pass(Time clock);
  void sweep(Time clock);
  void wake(BreakerSet& set);

  // breaker_judge.cpp: what follows
  void judge(BreakerService& service, Time clock);
  void conclude_all(BreakerService& service, Time clock);
  void choose(BreakerSet& set, Time clock) const;
  [[nodiscard]] bool everyone(const BreakerService& service, Time clock) const;
  void look_everywhere(Time clock);
  static void forgive(BreakerSet& set, Time clock);
  void conclude(BreakerSet& set, bool everyone, const Sets& together, Time clock);
  void blame(BreakerSet& set, const Sets& together, Time clock);
  void open(BreakerSet& set, std::string_view why, Time clock);
  void relax(BreakerSet& set, Time clock);
  void say(BreakerSet& set, Verdict verdict, std::string_view why, const Sets& together, Time clock,
           bool repeat = false);
  [[nodiscard]] std::optional<Force::State> force_of(const BreakerSet& set) const;
  [[nodiscard]] bool too_old(const BreakerSet& set, Time last) const;
  [[nodiscard]] Time last_evidence(const BreakerSet& set, Time clock) const;

  // breaker_records.cpp: how it is said
  void emit(const BreakerSet& set, const Sets& together, Time time) const;
  void add_evidence(const BreakerSet& set, Time time, VerdictRecord& record) const;
  [[nodiscard]] ExplainRecord explained(const BreakerSet& set, std::size_t rule) const;
  [[nodiscard]] Reading reading_of(const BreakerSet& set, std::size_t rule, Time clock) const;

  Hooks hooks_;
  bool emit_all_, ever_unhealthy_ = false, everywhere_ = false;
  bool replaying_ = false;  ///< the last signal was one
  std::optional<Time> hint_;
  RecentIds ids_;
  Time clock_{}, swept_{};
  Sets active_;
  SetIndex sets_;
  std::map<std::string, std::unique_ptr<BreakerService>, std::less<>> services_;
};

/// `closed`, `open`, `half-open`
[[nodiscard]] std::string_view to_string(CircuitState circuit);

}  // namespace cdctl::breaker
