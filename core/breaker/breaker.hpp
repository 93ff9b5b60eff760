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
    /// When a set was deployed or mended last: asked for when that may change what is said, at most
    /// once a second for each set. What came within that second, or while nobody could say, is
    /// asked about when it is over. May be empty: then none ever is.
    std::function<Begun(const SetName& set)> begun = {};
  };

  Breaker(Hooks hooks, bool emit_all);

  /// False when the set's name cannot be one.
  bool add(const Observation& signal);
  /// The reader's clock: closes windows that have gone quiet, decides what has stood for long
  /// enough.
  void tick(Time clock);
  /// The end of the input, at `clock`: decides what only waited for others to show the same, asks
  /// what is still to be asked, and closes nothing.
  void settle(Time clock);
  /// When what waits is decided, at the latest; empty when nothing does.
  [[nodiscard]] std::optional<Time> next_due();
  /// The same as it was a moment ago, or sooner than it is: cheap, for a reader that asks before
  /// each line.
  [[nodiscard]] std::optional<Time> due_hint() const { return hint_; }
  /// Someone upstream could not ask: the service's sets are of verdict `error`, and nothing is
  /// decided of them from here on.
  void block(std::string_view service, std::string_view why);
  [[nodiscard]] bool any_unhealthy() const { return ever_unhealthy_; }
  /// How often a set was looked at so far: what the work grows with, for tests.
  [[nodiscard]] std::uint64_t looks() const { return looks_; }
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
  static constexpr std::size_t k_most_peers = 100;  ///< the last of a service that were heard of
  static constexpr Millis k_ask = std::chrono::seconds(1);  ///< between two questions about a set
  static constexpr Millis k_clock_slack = std::chrono::seconds(30);  ///< between two machines
  static constexpr Millis k_ask_all =
      std::chrono::seconds(10);                              ///< between two about all of an outage
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
  /// Whom a verdict is about besides its set: those of the service, or those of everywhere.
  enum class Crowd { none, service, everywhere };

  // breaker.cpp: what signals do
  BreakerSet* find(std::string_view name);
  BreakerService& service_of(std::string_view name);
  bool count(BreakerSet& set, RuleState& state, const Rule& rule, const Observation& signal) const;
  void hear(BreakerSet& set, const Observation& signal);
  [[nodiscard]] Side side_of(const BreakerSet& set, std::size_t rule, Time clock) const;
  [[nodiscard]] std::vector<Side> peers_of(const BreakerSet& set, std::size_t rule,
                                           Time clock) const;
  [[nodiscard]] bool fresh(const BreakerSet& set, Time clock) const {
    return clock - set.last_received <= k_fresh;
  }
  [[nodiscard]] bool has_peer(const BreakerSet& set, Time clock);
  [[nodiscard]] Millis wait_of(const BreakerSet& set, const Rule& rule, Time clock);
  void read(BreakerSet& set, std::size_t rule, Time clock);
  /// Goes through all moments of a gap at which something may change.
  void pass(Time clock);
  void sweep(Time clock);
  void wake(BreakerSet& set);
  /// The sets that wait for others, or for the next question about them, and until when.
  [[nodiscard]] std::vector<std::pair<Time, BreakerSet*>> waiting();
  [[nodiscard]] std::optional<Time> next_question(const BreakerSet& set) const;

  // crowd.cpp: what is true of how many, counted as it changes
  void recount(BreakerSet& set);
  void recount(BreakerService& service);
  void begin_trouble(BreakerSet& set, Time clock);
  void forget_quiet(BreakerService& service, Time clock);
  void forget_quiet(Time clock);
  [[nodiscard]] bool everyone(BreakerService& service, Time clock);
  [[nodiscard]] bool everywhere(Time clock);
  [[nodiscard]] bool many() const { return bad_ >= k_many && bad_ * 2 > heard_of_; }
  [[nodiscard]] bool is_sure(const BreakerSet& set, Time clock) const;
  [[nodiscard]] bool waits_for_many(const BreakerSet& set, Time clock) const;
  [[nodiscard]] Time next_round() const;
  void look_again(Time clock);
  void look_everywhere(Time clock);
  void forgive(BreakerSet& set, Time clock);
  static void excuse(BreakerSet& set, Time clock);
  [[nodiscard]] bool is_first(const BreakerSet& set, Crowd crowd) const;
  [[nodiscard]] Sets members(const BreakerSet& set, Crowd crowd) const;

  // begun.cpp: what began anew
  void note_unasked(BreakerSet& set, const Observation& signal) const;
  bool ask_begun(BreakerSet& set, Time since, Time clock);
  bool start_over(BreakerSet& set, Time clock);
  [[nodiscard]] static Time known_as_of(const BreakerSet& set);

  // judge.cpp: what follows
  bool choose(BreakerSet& set, Time clock);
  void judge(BreakerSet& set, Time clock);
  void judge(BreakerService& service, Time clock);
  bool turned_bad(BreakerSet& set, Time clock);
  void begin_everywhere(const BreakerService& last, Time clock);
  void conclude_all(BreakerService& service, Time clock);
  void conclude(BreakerSet& set, bool everyone, Time clock);
  void blame(BreakerSet& set, Time clock);
  void open(BreakerSet& set, std::string_view why, Time clock);
  void relax(BreakerSet& set, Time clock);
  void say(BreakerSet& set, Verdict verdict, std::string_view why, Crowd crowd, Time clock,
           bool repeat = false);
  [[nodiscard]] std::optional<Force::State> force_of(const BreakerSet& set) const;
  [[nodiscard]] bool too_old(const BreakerSet& set, Time last) const;
  [[nodiscard]] Time last_evidence(const BreakerSet& set, Time clock) const;

  // verdict_records.cpp: how it is said
  void emit(const BreakerSet& set, Crowd crowd, Time time) const;
  void add_evidence(const BreakerSet& set, Time time, VerdictRecord& record) const;
  [[nodiscard]] ExplainRecord explained(const BreakerSet& set, std::size_t rule) const;
  [[nodiscard]] Reading reading_of(const BreakerSet& set, std::size_t rule, Time clock) const;

  Hooks hooks_;
  bool emit_all_, ever_unhealthy_ = false, everywhere_ = false;
  bool replaying_ = false;  ///< the last signal was one
  std::optional<Time> hint_;
  RecentIds ids_;
  Time clock_{}, swept_{}, asked_all_{};
  Time confirmed_{};                ///< what is counted of everywhere was so then, or later
  std::optional<Time> held_since_;  ///< the first of those that wait for the next such answer
  Sets active_;
  Leaving<BreakerSet> calming_;         ///< whose trouble began not long ago
  Leaving<BreakerService> leaving_;     ///< heard of lately
  std::size_t heard_of_ = 0, bad_ = 0;  ///< services heard of lately; bad ones among them
  std::size_t told_ = 0;                ///< sets that were said to be bad everywhere
  mutable std::uint64_t looks_ = 0;
  SetIndex sets_;
  std::map<std::string, std::unique_ptr<BreakerService>, std::less<>> services_;
};

/// `closed`, `open`, `half-open`
[[nodiscard]] std::string_view to_string(CircuitState circuit);

}  // namespace cdctl::breaker
