#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <cdctl/roles.hpp>
#include <cdctl/set_name.hpp>
#include <cdctl/time.hpp>

#include "core/actions/boundary.hpp"
#include "core/actions/outcome.hpp"
#include "core/app/context.hpp"

namespace cdctl::actions {

/// Which of its steps a transaction writes into the outcome.
enum class Report {
  all,        ///< each; and what made one fail is the outcome's error
  successes,  ///< those that succeeded; the caller tells of the others, or tries again
  nothing,
  unless_late,  ///< each but one that was late, which the caller tries again
};

/// One change of one set: note it in the memory, limit it at the broker, act on the world; and the
/// inverse of each. A policy (cut, mend, trial, reap, the undo of a late cut) says which steps are
/// taken and in what order; here is how each is taken, what the outcome tells of it, and which
/// boundary follows. Every step can be repeated. A step that gives an error was not done, or not
/// wholly: no other must follow. Roles are opened when a step needs them, so that a cut waits for
/// nothing that it does not use. Lives as long as its action, and the service's lock with it.
class SetTransaction {
 public:
  SetTransaction(app::Context& context, SetName set, Outcome& outcome, const Boundaries& at,
                 const Deadline& deadline, Report report = Report::all);

  /// Takes part at the switches of `service`, and opens its memory. Without a service: the memory
  /// of those that are not configured here. Called again when more is known. Copies `service`: that
  /// of a set which is foreign here lives no longer than the look that made it up.
  [[nodiscard]] Result<> open(const ServiceConfig* service);
  /// From here on with another deadline and report.
  void within(const Deadline& deadline, Report report) {
    deadline_ = deadline;
    report_ = report;
  }
  /// Takes part at the first switch alone.
  void only_first_switch() {
    switches_.resize(1);
    brokers_ = switches_;
  }
  /// Opens the switches and the engine now, for a policy that begins nothing without them.
  [[nodiscard]] Result<> open_roles();
  [[nodiscard]] Result<> open_engine();
  /// Takes the service's lock: held until unlock(), or the end. Nothing where it is held already.
  [[nodiscard]] Result<> lock();
  /// Asks whether it is still ours, and has been all the time: right before what cannot be undone.
  [[nodiscard]] Result<> prove_lock() { return lock_->prove(deadline_); }
  void unlock() { lock_.reset(); }
  /// Reads what the memory knows of the set.
  [[nodiscard]] Result<> read();

  [[nodiscard]] Memory& memory() { return *memory_; }
  /// As of the last read().
  [[nodiscard]] const std::optional<MemoryEntry>& entry() const { return entry_; }
  /// The one that only_first_switch() and open_roles() have left and opened.
  [[nodiscard]] Switch& first_switch() { return *first_switch_; }

  // The memory.
  /// Notes what is about to be done. Empty: it is noted already, by a run that was killed.
  [[nodiscard]] Result<> note(const std::optional<CutMemo>& memo);
  /// Writes the memo after the last step that it speaks of: no boundary is passed.
  [[nodiscard]] Result<> close(const CutMemo& memo);
  /// Leaves the tombstone: its sources make the revision deployable again.
  [[nodiscard]] Result<> bury();

  // The broker: each switch of the service, in the order of a cut. What takes away or gives back,
  // and what looks, goes to those as well that have been no switch of it since its file was edited.
  [[nodiscard]] Result<> cut(std::string_view why);
  [[nodiscard]] Result<> mend(std::optional<std::int64_t> prev_limit);
  [[nodiscard]] Result<> admit(std::int64_t units);
  /// Who gives the set what it needs, as of the last read(): its switches, and whoever has given it
  /// something before.
  [[nodiscard]] const std::vector<std::string>& givers() const {
    return entry_ && entry_->provisioned ? brokers_ : switches_;
  }
  /// Makes what the set needs, with secrets that `claim` keeps: the units' environment. Never a
  /// step of the outcome.
  [[nodiscard]] Result<std::map<std::string, std::string>> provision(Claim& claim);
  [[nodiscard]] Result<> retire();
  /// Connections that the switches see open now. Never a step of the outcome.
  [[nodiscard]] Result<std::int64_t> connections();
  /// The first of these sets that holds a connection, at whatever switch; empty when none does.
  [[nodiscard]] Result<std::optional<SetName>> connected(const std::vector<SetName>& sets);
  /// Since when all switches serve; empty when none can say.
  [[nodiscard]] Result<std::optional<Time>> up_since();
  /// No new connections from here on. Never a step of the outcome, but it may have changed
  /// something.
  [[nodiscard]] Result<> drain();

  // The world.
  /// Nothing where the engine is no switch of the service.
  [[nodiscard]] Result<> cut_world();
  /// Whether a cut_world() of ours has stopped what was not stopped before.
  [[nodiscard]] bool froze() const { return froze_; }
  [[nodiscard]] Result<> mend_world(bool thaw);
  /// Has the engine run another number of units, whether it is a switch of the service or not; the
  /// memory, by which guards count, learns it then. Call with the lock held.
  [[nodiscard]] Result<> scale(const UnitCounts& units);
  /// One unit of each process type.
  [[nodiscard]] Result<> mend_some();
  /// Tells the set to end, or looks how far that is. A step of the outcome once it is done.
  [[nodiscard]] Result<Stopping> stop(const Grace& grace);
  /// What the engine says of the set.
  [[nodiscard]] Result<SetStatus> status();
  /// Makes a step of a stop that goes on without us.
  void leave(const Stopping& stopping);
  [[nodiscard]] Result<> destroy();
  /// Removes what this home has of a set that another one owns: nothing of the broker's, and no
  /// memo. Without a claim: what is being reaped already.
  [[nodiscard]] Result<> discard(std::unique_ptr<Claim> claim);

 private:
  template <class Act>
  Result<> at_each(const std::vector<std::string>& names, Act&& act);
  template <class Act>
  Result<> in_world(const Boundary& after, Act&& act);
  Result<> tell(const std::string& plugin, Result<Step> step);

  app::Context& context_;
  SetName set_;
  Outcome& outcome_;
  Boundaries at_;
  Deadline deadline_;
  Report report_;
  std::optional<ServiceConfig> service_;
  std::vector<std::string> switches_, brokers_;
  Memory* memory_ = nullptr;
  Switch* first_switch_ = nullptr;
  std::unique_ptr<ServiceLock> lock_;
  std::optional<MemoryEntry> entry_;
  bool stop_begun_ = false;  ///< by us
  bool froze_ = false;
};

}  // namespace cdctl::actions
