#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include <cdctl/set_name.hpp>
#include <cdctl/time.hpp>

#include "core/app/context.hpp"
#include "core/fleet/late_cut.hpp"
#include "core/records/set.hpp"

namespace cdctl::fleet {

/// One worker set as engine, memory and switches together know it.
struct SetView {
  SetName name;
  const ServiceConfig* service = nullptr;
  std::optional<SetStatus>
      status;  ///< empty: it lives in another home, or its engine could not be asked
  MemoryEntry memory;
  std::string home, engine, state;  ///< state is empty when it could not be read
  std::optional<bool> cut;          ///< empty when it could not be read
  std::optional<Time> deployed_at, mended_at;
  /// When its revision came first, where that was another time: a roll-back has made it again.
  std::optional<Time> first_deployed_at;
  std::optional<Hold> hold;  ///< of its own, or on the newest set of its service
  bool held_out = false;     ///< of its own: a person has turned away from this revision
  std::string outage;        ///< of its service
  bool newest = false;
  bool proven = false;
  /// Its service is not configured here: its policy is somebody else's to say. Nothing is decided
  /// of it, and what is known of its state is shown to nobody.
  bool foreign = false;
  /// The memory says that it lives in this home, or nobody knows where, and its engine has nothing
  /// of it: what is left are its user and its memo.
  bool ghost = false;
  /// It lives here, and what the broker gave it is gone: none of its units gets in.
  bool locked_out = false;
  /// What somebody has changed of its rights on a broker; known after load_rights().
  std::string rights;
  /// Its units are up, and none takes a message: why, as far as anybody can tell; known after
  /// load_work(). Nothing: it could not be asked.
  std::optional<std::string> idle = std::string();
  /// What this home's engine has of a set that lives in another home: a deploy that came second and
  /// was killed, or a copy of a home. Never what the set is.
  std::optional<SetStatus> leftover;
  /// It is here, and the memory still knows it by this name of the home: the machine or the folder
  /// was renamed.
  std::string owner;

  /// Why its engine has stopped its units, where that was a cut that its broker never took and
  /// whose word stands.
  std::optional<UnfinishedCut> unfinished_cut;

  /// Its engine here knows of it: it can be stopped, started and removed from here.
  [[nodiscard]] bool here() const { return status.has_value(); }
  /// It was reaped from elsewhere, when this home was taken for gone; what is left of it is here.
  [[nodiscard]] bool given_up() const {
    return leftover && memory.set && memory.set->reaped_at.has_value();
  }
  /// It is here, was mended from elsewhere, and its units are still stopped.
  [[nodiscard]] bool half_mended() const;
  /// The same, or its engine has stopped the units and nobody has noted a cut: a cut was killed
  /// that had the engine go first, or its broker never took it. Nobody works, and nothing says so.
  [[nodiscard]] bool left_stopped() const;
  /// Units that are wanted of it and take messages; empty = not known. One of which the service has
  /// a single one, a scheduler say, takes none.
  [[nodiscard]] std::optional<std::int64_t> workers_wanted() const;
  /// Whether people are told that it is cut: where that could not be read, one that its engine
  /// holds frozen is. Nothing is decided from it.
  [[nodiscard]] std::optional<bool> told_cut() const;
  /// `deploying`, `live` or cut: nothing for `outdated` to offer.
  [[nodiscard]] bool out_there() const;
  /// It was live once and has fallen, and nobody has cut it or begun to: it is to come back.
  [[nodiscard]] bool fallen() const;
  [[nodiscard]] records::Set record() const;
};

/// One service: its sets, newest first, and the memories of sets that were reaped.
struct ServiceView {
  const ServiceConfig* config = nullptr;
  std::vector<SetView> sets;
  std::map<std::string, MemoryEntry>
      gone;                  ///< tombstones and cut memories without a set, by set name
  std::optional<Hold> hold;  ///< a deploy freeze in force; known after load_holds()
  std::map<std::string, Hold> set_holds;  ///< revisions that are held out, by set name; the same
  bool foreign = false;                   ///< as of its sets
  std::optional<Error> error;  ///< engine or memory could not be asked: what is shown is not all
  std::optional<Error> memory_error;  ///< where it was the memory: nothing may be written there
  std::string outage;                 ///< why nobody works on it; known after load_outages()
  std::optional<Error> unsure;        ///< whether work waits for it could not be asked; the same

  [[nodiscard]] const SetView* set(const SetName& name) const;
};

}  // namespace cdctl::fleet
