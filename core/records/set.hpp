#pragma once

#include <span>

#include <cdctl/record.hpp>
#include <cdctl/roles/memory.hpp>

#include "core/records/policy.hpp"
#include "core/records/sources.hpp"

namespace cdctl::records {

/// The freeze of a service, in the record of its newest set.
template <>
struct Codec<Hold> {
  static constexpr MemberRow k_rows[] = {
      {"by", "text"}, {"at", "time"}, {"why", "text"}, {"until", "time", "", Presence::optional}};
  static constexpr std::span<const MemberRow> shape() { return k_rows; }

  static Json write(const Hold& hold) { return to_json(hold); }
  static void read(const Json& json, Hold& into) {
    if (auto hold = hold_from_json(json)) into = std::move(*hold);
  }
  static bool usable(const Json& json) { return hold_from_json(json).has_value(); }
};

/// The workers that a set wants and has.
struct UnitCount {
  std::optional<std::int64_t> want, up;

  static constexpr auto rows() {
    return std::tuple{optional("want", &UnitCount::want, "integer or null"),
                      optional("up", &UnitCount::up, "integer or null")};
  }
};

/// `cdctl.set/1`: a worker set as `ls` lists it, and as `stale` marks it. What could not be read is
/// empty.
struct Set {
  /// What a set is, in the word that people read everywhere: a set that is cut is no live one,
  /// whatever its processes do. `?`: half of it could not be read. Behind it what people have said.
  static constexpr const char* k_state =
      "only foreign: foreign\n"
      "only ghost: lost\n"
      "state=reaping: reaping\n"
      "state!=reaping&cut&trial_until: trial\n"
      "state!=reaping&cut&trial_until=-: cut\n"
      "state=deploying&cut!=true: deploying\n"
      "state=partial&cut!=true: partial\n"
      "state=down&cut!=true: down\n"
      "state=live&cut=false&idle=null: live?\n"
      "state=live&cut=false&idle=-&idle!=null: live\n"
      "state=live&cut=false&idle: partial\n"
      "state=live&cut=-: live?\n"
      "state=-&cut=false: live?\n"
      "state=-&cut=-: unknown\n"
      "locked_out: locked out\n"
      "stopped_in: stopped\n"
      "forced: pinned\n"
      "held: held";
  static constexpr ColumnRow k_columns[] = {
      {"SET", "set"},
      {"STATE", "", Show::note, false, 0, k_state},
      {"UNITS", "units", Show::units},
      {"AGE", "deployed_at", Show::age},
      {"NOTE", "", Show::note, false, 0,
       "outage: nobody works: {outage}\n"
       "newest: newest\n"
       "proven: proven\n"
       "stale: stale: {stale.why}\n"
       "kept: kept: {kept}\n"
       "cut&trial_until: on trial until {trial_until}, by {trial_by}\n"
       "cut&trial_until=-&cut_why: cut: {cut_why}\n"
       "cut=-&cut_why: cut when last seen: {cut_why}\n"
       "forced: forced {forced} on {forced_on} by {forced_by}: {forced_why}\n"
       "foreign: its service is not configured here\n"
       "ghost: its home has lost it\n"
       "locked_out: its user on the broker is gone\n"
       "rights: its rights were changed: {rights}\n"
       "idle: {idle}\n"
       "idle=null: whether it takes messages could not be asked\n"
       "stopped_in: not cut, but its units are stopped\n"
       "leftover: left over here: {leftover}\n"
       "owner: owned by home {owner}\n"
       "why_down: {why_down}\n"
       "held_out: held out by {held.by}: {held.why}\n"
       "held&held_out!=true: deploys held by {held.by}: {held.why}"},
      {"ENGINE", "engine", Show::text, true},
      {"HOME", "home", Show::text, true},
      {"SOURCES", "sources", Show::sources, true}};
  static constexpr RecordRow k_head = head("cdctl.set/1", "One worker set", k_columns);

  std::string service, revision, set;
  std::string engine, home, state;
  std::optional<bool> cut;
  bool newest = false, proven = false;
  std::optional<Time> deployed_at, first_deployed_at, mended_at, cut_at;
  std::string cut_by, cut_why;
  std::optional<Time> trial_until;
  std::string trial_by;
  std::string forced, forced_on, forced_by, forced_why;
  std::string stopped_in;
  bool foreign = false, ghost = false, locked_out = false;
  std::string rights, owner, leftover;
  std::optional<std::optional<std::string>> idle;  ///< null: it could not be asked
  std::optional<Hold> held;
  bool held_out = false;
  std::string outage;
  std::optional<UnitCount> units;
  Json processes = {};
  std::string why_down;
  std::optional<bool> served;
  Sources sources;
  Time time;
  std::optional<StaleMark> stale;
  std::string kept;
  std::optional<Json> signals;

  static constexpr auto rows() {
    return std::tuple{
        required("service", &Set::service, "service"),
        required("revision", &Set::revision, "revision"),
        required("set", &Set::set, "set"),
        required("engine", &Set::engine, "text or null"),
        required("home", &Set::home, "text or null"),
        required("state", &Set::state, "one of deploying live partial down reaping or null",
                 "null: could not be read"),
        required("cut", &Set::cut, "flag or null",
                 "null: could not be read; counts neither as cut nor as live"),
        required("newest", &Set::newest, "flag"),
        required("proven", &Set::proven, "flag"),
        required("deployed_at", &Set::deployed_at, "time or null"),
        optional("first_deployed_at", &Set::first_deployed_at, "time",
                 "when its revision came first, where it was reaped and made again since"),
        optional("mended_at", &Set::mended_at, "time"),
        optional("cut_at", &Set::cut_at, "time"),
        optional("cut_by", &Set::cut_by, "text"),
        optional("cut_why", &Set::cut_why, "text"),
        optional("trial_until", &Set::trial_until, "time",
                 "half-open: one unit of it is let in until then, and it counts as cut"),
        optional("trial_by", &Set::trial_by, "text"),
        optional("forced", &Set::forced, "one of open closed observe"),
        optional("forced_on", &Set::forced_on, "text", "the set or the service that was named"),
        optional("forced_by", &Set::forced_by, "text"),
        optional("forced_why", &Set::forced_why, "text"),
        optional("foreign", &Set::foreign, "true",
                 "its service is not configured here: state, cut and units are null, and nothing "
                 "is decided of it"),
        optional("ghost", &Set::ghost, "true",
                 "its home has nothing of it any more: deploy puts it out again, reap NAME removes "
                 "what is left"),
        optional("locked_out", &Set::locked_out, "true",
                 "its user on the broker is gone, so that no unit gets in: deploy makes it again"),
        optional("rights", &Set::rights, "text",
                 "how its rights on the broker differ from what deploy gave it: deploy gives them "
                 "again"),
        optional("idle", &Set::idle, "text or null",
                 "its units are up and take no messages: whether they are connected, and what they "
                 "said last. Tables call it partial; no deploy is offered for it. null: whether "
                 "they take messages could not be asked; stale does not count it as live"),
        optional("stopped_in", &Set::stopped_in, "text",
                 "not cut, and its units are stopped: the home in which they are. It was mended "
                 "from elsewhere, or a command was killed in between, and deploy there starts "
                 "them; or a "
                 "cut of it was begun that its broker never took, and mend starts them"),
        optional("owner", &Set::owner, "text",
                 "the name by which the memory knows its home, where that was renamed"),
        optional("leftover", &Set::leftover, "one of deploying live partial down reaping",
                 "it lives in `home`; what this home has of it all the same"),
        optional("held", &Set::held, "object",
                 "the freeze of its service's deploys, or of its revision alone"),
        optional("held_out", &Set::held_out, "true",
                 "`held` is of its revision alone: it does not count towards what stale keeps"),
        optional("outage", &Set::outage, "text",
                 "why nobody works on its service: no uncut unit is up, or jobs wait and nobody "
                 "consumes. On each set of the service"),
        required("units", &Set::units, "object or null"),
        optional("processes", &Set::processes, "map of integer >= 0",
                 "wanted units by process, where its engine tells; 0 of one that was scaled away"),
        optional("why_down", &Set::why_down, "text",
                 "of a unit that is not up: its last end, and what it said last"),
        optional("served", &Set::served, "flag or null", "it was live at least once"),
        required("sources", &Set::sources, "map of object"),
        required("time", &Set::time, "time"),
        optional("stale", &Set::stale, "object", "nobody needs it"),
        optional("kept", &Set::kept, "text", "why stale keeps it (--all)"),
        optional("signals", &Set::signals, "list or null", "the last ones; null: unknown")};
  }
};

}  // namespace cdctl::records
