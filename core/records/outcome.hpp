#pragma once

#include <chrono>
#include <optional>
#include <string>

#include <cdctl/error.hpp>
#include <cdctl/record.hpp>

namespace cdctl::records {

/// What one plugin did. What it tells beside that travels on as it is.
struct OutcomeStep {
  std::string plugin;
  bool ok = false;
  std::optional<bool> changed;
  std::string error;
  Json details = {};

  static constexpr auto rows() {
    return std::tuple{required("plugin", &OutcomeStep::plugin, "text"),
                      required("ok", &OutcomeStep::ok, "flag"),
                      optional("changed", &OutcomeStep::changed, "flag"),
                      optional("error", &OutcomeStep::error, "text"),
                      told("closed", "integer", "connections"),
                      further(&OutcomeStep::details)};
  }
};

/// `cdctl.outcome/1`: what an actor did to a set, or with a proposal. The same line is in the log
/// of the home.
struct Outcome {
  /// What it came to, in a word. A guard that refuses has not failed.
  static constexpr const char* k_result =
      "only ok=false&exit=5: refused\n"
      "only ok=false: failed\n"
      "only draining: draining\n"
      "only dry_run&changed: would\n"
      "only changed: done\n"
      "else: unchanged";
  static constexpr const char* k_what =
      "only set: {set}\n"
      "only proposal: {target}: {proposal}\n"
      "only target: target {target}\n"
      "else: all of {service}";
  static constexpr ColumnRow k_columns[] = {{"ACTION", "action", Show::text, false, 7},
                                            {"SET", "", Show::note, false, 28, k_what},
                                            {"RESULT", "", Show::note, false, 12, k_result},
                                            {"TOOK", "took_ms", Show::millis, false, 9},
                                            {"WHY", "why", Show::blank}};
  /// How `history` shows them, long after.
  static constexpr ColumnRow k_log_columns[] = {
      {"TIME", "time", Show::clock, false, 14},
      {"ACTION", "action", Show::text, false, 7},
      {"SET", "", Show::note, false, 28, k_what},
      {"RESULT", "", Show::note, false, 9, k_result},
      {"BY", "by", Show::text, false, 16},
      {"TOOK", "took_ms", Show::millis, true, 10},
      {"WHY", "", Show::phrase, false, 0,
       "only home: in {home}\nonly error: {error}\nonly verdict&why: {verdict}: {why}\nonly "
       "verdict: {verdict}\nonly "
       "forced: {forced}: {why}\nonly until: until {until}: {why}\nonly why: {why}"}};
  static constexpr RecordRow k_head =
      head("cdctl.outcome/1", "What an actor did to a set, or with a proposal", k_columns, true);
  static constexpr RecordRow k_log = head("log", "", k_log_columns, true);

  std::string action, service, revision, set;
  bool ok = false, changed = false;
  bool dry_run = false;
  double took_ms = 0;
  std::vector<OutcomeStep> steps;
  std::string why;
  Json more = {};  ///< what one action alone tells
  std::string error;
  std::optional<std::int64_t> exit;
  std::string by;
  Time time;

  static constexpr auto rows() {
    return std::tuple{
        required("action", &Outcome::action,
                 "one of deploy break mend reap scale force hold resume retire propose review land",
                 "force, hold, resume and retire only in the log"),
        required("service", &Outcome::service, "service or null", "null: of a target"),
        required("revision", &Outcome::revision, "revision or null"),
        required("set", &Outcome::set, "set or null",
                 "null: of the service as a whole, or of a target"),
        required("ok", &Outcome::ok, "flag"),
        required("changed", &Outcome::changed, "flag"),
        optional("dry_run", &Outcome::dry_run, "flag"),
        required("took_ms", &Outcome::took_ms, "number or null",
                 "null: remembered by the broker, which does not know"),
        required("steps", &Outcome::steps, "list of object"),
        optional("why", &Outcome::why, "text"),
        told("draining", "flag", "its processes finish what they do; the next reap removes it"),
        told("leftover", "flag", "it lives in another home: only what was here was removed"),
        told("let_in", "flag", "its user on the broker was gone and was made again"),
        told("rights", "text", "what was wrong with its rights on the broker, and is not any more"),
        told("absent", "flag", "there was nothing of it any more"),
        told("remembered", "true",
             "not from the log of this home: history --all-homes has it from the memory"),
        told("home", "text", "of a deploy that is remembered: where the set was put"),
        told("by_hand", "true",
             "of a cut: a person typed it, and no breaker has found the set unhealthy"),
        told("ahead", "flag", "it was refused before it was out: it is known to be bad"),
        told("ignored", "text", "why a verdict, or what want has proposed, was not acted on"),
        told("units", "map of integer >= 0",
             "of scale: the units of each process that are wanted now"),
        told("forced", "one of open closed observe none"),
        told("until", "time", "when a freeze ends, or what is left of a drain is killed"),
        told("returns", "list of object",
             "of a cut: queues that give messages up after so many returns, and the cuts of a day"),
        told("target", "text", "of propose, review and land, and of hold and resume of a target"),
        told("proposal", "text"),
        told("verdict", "one of landed rejected waiting deferred", "of land"),
        told("head", "text", "the proposal's newest commit"),
        told("base", "text", "the commit that the target was at"),
        told("commit", "text", "what is on the target now"),
        told("tree", "text", "its tree, read back from the target"),
        told("landings", "list of object",
             "of deploy and break: the proposals that the set has brought, by the landings of this "
             "home: proposal, target, title, authors, reviewers, commit, landed_at"),
        told("commits", "list of object",
             "of deploy and break: the commits that the set is made of, as this home knows them: "
             "source, revision, subject, author, committed_at"),
        told("batch", "list of text", "the proposals that were tested and landed as one"),
        told("log", "text", "of land: the file with what the test said"),
        told("authors", "list of text"),
        told("reviewers", "list of text"),
        told("title", "text"),
        told("vote", "text"),
        told("wait", "object",
             "of deploy --wait: whether the set was seen to serve, and else the exit code of the "
             "command and why"),
        told("release", "object",
             "of deploy: how the command ended that a revision runs once before its units, and its "
             "last lines"),
        told("trial", "object", "how a trial ended, and since when it was one"),
        further(&Outcome::more),
        optional("error", &Outcome::error, "text"),
        optional("exit", &Outcome::exit, "integer"),
        required("by", &Outcome::by, "text or null", "null: it is remembered, and not by whom"),
        required("time", &Outcome::time, "time")};
  }
};

/// Says how it ends, whatever it is of: with which error, if any, by whom, now; and how long it
/// took, where it was more than a word.
void end_outcome(Outcome& outcome, const std::optional<Error>& error, std::string by,
                 std::optional<std::chrono::steady_clock::time_point> begun = {});

}  // namespace cdctl::records
