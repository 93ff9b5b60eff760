#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <cdctl/set_name.hpp>
#include <cdctl/time.hpp>

#include "core/breaker/comparison.hpp"
#include "core/breaker/leaving.hpp"

namespace cdctl::breaker {

/// A member of a signal's `counts`.
struct Count {
  std::string_view name;
  std::uint64_t value = 0;
};

/// What a breaker needs of one signal.
struct Observation {
  static constexpr std::size_t k_most_counts = 8;

  std::string_view set, signal;
  Severity severity = Severity::info;
  Time time;                   ///< event time, clamped to received (design §4)
  Time received;               ///< the feed's clock; the event time where there is none
  std::uint64_t identity = 0;  ///< hash of the id; 0 = none, never a duplicate
  std::string_view unit = {};
  Count counts[k_most_counts] = {};
  std::size_t count_size = 0;
  bool replayed = false;  ///< it was given before: a breaker that starts anew catches up

  [[nodiscard]] std::uint64_t counted(std::string_view name) const;
  /// ok + failed; of counts with other names, all of them together.
  [[nodiscard]] std::uint64_t work() const;
};

enum class Verdict { healthy, unhealthy, undecided, error };
/// How a breaker holds a set (docs/breakers.md). What people forced is asked for when it matters,
/// and is no state of its own.
enum class CircuitState { closed, open, half_open };

/// One rule of one set.
struct RuleState {
  explicit RuleState(const Rule& rule) : window(rule.window) {}
  RuleWindow window;
  Reading::State state = Reading::State::quiet;
  bool suspect = false;   ///< on the way
  bool by_peers = false;  ///< bad, compared with its peers: then these are no excuse
  Time since{};           ///< `state` has stood
  Time read_at{};         ///< a comparison was made
  Time excused_until{};  ///< it went with the others: until then what is still in the window is not
                         ///< held against it alone
  Time outage_until{};   ///< the same after the end of what everyone showed, for they do not end in
                         ///< the same second

  [[nodiscard]] bool bad() const { return state == Reading::State::bad; }
};

/// Since when a set works as it does now.
struct Begun {
  std::optional<Time> last;  ///< its deploy or its last mend, whichever is later
  Time known{};              ///< nothing came between that and then; never, when nobody could say
  bool fresh = false;        ///< asked for this, and not remembered
};

/// What a set adds to what is counted of its service, and of all services.
struct Share {
  bool heard = false, troubled = false, told = false;  ///< of those heard of lately
  bool lately = false;                                 ///< it went bad not long ago
  bool outage = false;                                 ///< was said to have gone bad everywhere
};

struct BreakerService;

struct BreakerSet {
  // What every signal touches comes first, so that it shares a few cache lines.
  std::array<char, 56> label{};  ///< the name again, beside what is looked at next; a set's name
                                 ///< has 50 characters at most
  std::string text;              ///< name.str()
  BreakerService* service = nullptr;
  Time first{}, newest{};  ///< event times heard of
  Time last_received{}, measured{};
  std::uint64_t units = 0;  ///< a bit for each worker heard of
  std::vector<RuleState> rules;
  std::uint64_t said_count = 0;  ///< verdicts, of any kind
  CircuitState circuit = CircuitState::closed;
  bool active = false;  ///< looked at once a second
  bool heard = false;   ///< of lately
  Time begun{};         ///< its deploy or last mend: what was before counts no more

  SetName name;
  int times = 0;  ///< opened, less one for each quiet hour
  Time open_until{}, half_since{}, calm_since{};
  int bad = -1;                          ///< the rule that holds and has stood, or -1
  Time trouble{};                        ///< when a rule began to hold
  Time turned{};                         ///< when `bad` was chosen last
  bool suspicious = false;               ///< suspect(), kept
  bool in_outage = false;                ///< it went bad together with sets of many services
  bool lately = false, leaving = false;  ///< the trouble began not long ago; its end is waited for
  bool too_late = false;      ///< when it was last called unhealthy nobody acted on it any more
  std::uint64_t half_ok = 0;  ///< work that went well while half open
  Time asked{}, known{};      ///< for `begun`; it is known as of then
  bool unasked = false;       ///< a signal came after that question
  bool answered = false;      ///< the question led to an answer of then, or nobody could say
  bool unheard = false;       ///< nobody could: it is asked again, and not waited for
  Time said_last{};           ///< evidence, when it was called unhealthy
  Share share;                ///< as it is counted now

  Verdict said = Verdict::healthy;
  std::string said_why;
  int said_times = 0;  ///< the same undecided or error, in a row
  Time said_at{};

  [[nodiscard]] bool is(std::string_view wanted) const {
    return wanted.size() < label.size() &&
           std::memcmp(label.data(), wanted.data(), wanted.size()) == 0 &&
           label[wanted.size()] == 0;
  }
  [[nodiscard]] bool any(Reading::State state) const;
  [[nodiscard]] bool in_trouble() const {
    return any(Reading::State::bad) || any(Reading::State::shared);
  }
  [[nodiscard]] bool suspect() const;
  /// Not found bad; or heard of since, for what is silent after that was cut and its silence is no
  /// merit.
  [[nodiscard]] bool works() const;
  [[nodiscard]] int unit_count() const;
  [[nodiscard]] bool is_undecided(std::string_view why) const {
    return said == Verdict::undecided && said_why == why;
  }
};

struct BreakerService {
  std::string name;
  std::vector<Rule> rules;
  std::vector<BreakerSet*> sets;
  Time last_received{};
  /// A signal that is less bad, and carries no counts, means nothing to any of the rules.
  Severity least = Severity::debug;
  bool blocked = false, touched = false;
  /// All were found bad together; and that is over, which the next sweep tells all of them.
  bool everyone = false, ending = false;
  bool heard = false, bad = false;  ///< of lately; and sets of it went bad lately
  /// Of its sets: heard of lately, those in trouble and those told of everyone among them; gone bad
  /// lately.
  std::size_t heard_of = 0, troubled = 0, told = 0, lately = 0;
  Leaving<BreakerSet> leaving;  ///< those heard of lately
  Time asked{};                 ///< for what began anew of all that is in trouble
  Time all_since{};             ///< all are in trouble, as far as is known
  Time turned{};                ///< when a rule of one of them was chosen last
  bool unsure = false;          ///< some of them may have been mended in the last second
};

}  // namespace cdctl::breaker
