#pragma once

#include <cdctl/record.hpp>

namespace cdctl::breaker {

using records::ColumnRow;
using records::RecordRow;
using records::Show;

/// What the rule that decides has seen in its window.
struct Evidence {
  std::int64_t count = 0;
  Time first, last;
  std::string basis;
  std::optional<std::int64_t> work;
  std::optional<double> rate, times_baseline, chance;
  std::vector<std::string> peers;
  std::string fallback;

  static constexpr auto rows() {
    using records::optional, records::required;
    return std::tuple{
        required("count", &Evidence::count, "integer >= 1"),
        required("first", &Evidence::first, "time"),
        required("last", &Evidence::last, "time"),
        optional("basis", &Evidence::basis, "one of absolute peers none",
                 "what the set was compared with"),
        optional("work", &Evidence::work, "integer >= 0",
                 "ok and failed together: what a rate is a share of"),
        optional("rate", &Evidence::rate, "number >= 0"),
        optional("times_baseline", &Evidence::times_baseline, "number >= 0"),
        optional("chance", &Evidence::chance, "number 0 to 1",
                 "of so much, were the set like its peers"),
        optional("peers", &Evidence::peers, "list of text"),
        optional("fallback", &Evidence::fallback, "text", "why it was not compared with peers")};
  }
};

/// `cdctl.verdict/1`: what a breaker concludes about a set.
struct VerdictRecord {
  static constexpr ColumnRow k_columns[] = {{"TIME", "time", Show::clock, false, 14},
                                            {"SET", "set", Show::text, false, 28},
                                            {"VERDICT", "verdict", Show::text, false, 10},
                                            {"RULE", "rule", Show::blank, false, 24},
                                            {"WHY", "why", Show::blank}};
  static constexpr RecordRow k_head =
      records::head("cdctl.verdict/1", "What a breaker concludes about a set", k_columns, true);

  std::string service, revision, set;
  std::string verdict;
  std::string rule;
  std::optional<Evidence> evidence;
  std::string baseline;
  std::string why;
  std::string would;
  bool observe = false, loud = false;
  std::vector<std::string> sets;
  bool escalated = false;
  std::optional<std::int64_t> times;
  Time time;

  static constexpr auto rows() {
    using records::optional, records::required;
    return std::tuple{
        required("service", &VerdictRecord::service, "service"),
        required("revision", &VerdictRecord::revision, "revision"),
        required("set", &VerdictRecord::set, "set"),
        required("verdict", &VerdictRecord::verdict, "one of healthy unhealthy undecided error"),
        optional("rule", &VerdictRecord::rule, "text"),
        optional("evidence", &VerdictRecord::evidence, "object"),
        optional("baseline", &VerdictRecord::baseline, "text", "the first of its peers"),
        optional("why", &VerdictRecord::why, "text"),
        optional("would", &VerdictRecord::would, "one of unhealthy",
                 "what it would be, had nobody forced it"),
        optional("observe", &VerdictRecord::observe, "flag"),
        optional("loud", &VerdictRecord::loud, "flag",
                 "the one record of those that went together"),
        optional("sets", &VerdictRecord::sets, "list of text",
                 "of a loud record: which went together"),
        optional("escalated", &VerdictRecord::escalated, "flag",
                 "the same undecided or error stands for the fourth time"),
        optional("times", &VerdictRecord::times, "integer >= 2",
                 "how often the set has been opened"),
        required("time", &VerdictRecord::time, "time")};
  }
};

/// `cdctl.explain/1`: what one rule saw of one set, and how far it is from tripping.
struct ExplainRecord {
  static constexpr ColumnRow k_columns[] = {{"SET", "set"},
                                            {"RULE", "rule", Show::blank},
                                            {"STATE", "state"},
                                            {"BY", "basis"},
                                            {"COUNT", "count"},
                                            {"VALUE", "value"},
                                            {"TRIPS AT", "threshold"},
                                            {"WHY", "why", Show::blank},
                                            {"STAND", "stand", Show::text, true},
                                            {"VERDICT", "verdict", Show::text, true}};
  static constexpr RecordRow k_head =
      records::head("cdctl.explain/1",
                    "What one rule saw of one set, and how far it is from tripping", k_columns);

  std::string service, revision, set;
  std::string rule, stand, verdict, state, basis;
  std::int64_t count = 0;
  std::optional<std::int64_t> work;
  double value = 0, threshold = 0, way = 0;
  std::optional<double> baseline, chance;
  std::vector<std::string> peers;
  std::optional<std::int64_t> stands_ms;
  std::string why;
  Time time;

  static constexpr auto rows() {
    using records::optional, records::required;
    return std::tuple{
        required("service", &ExplainRecord::service, "service"),
        required("revision", &ExplainRecord::revision, "revision"),
        required("set", &ExplainRecord::set, "set"),
        required("rule", &ExplainRecord::rule, "text"),
        required("stand", &ExplainRecord::stand, "one of closed open half-open"),
        required("verdict", &ExplainRecord::verdict, "one of healthy unhealthy undecided error"),
        required("state", &ExplainRecord::state, "one of quiet bad shared too-few",
                 "shared: bad, and its peers are no better"),
        required("basis", &ExplainRecord::basis, "one of absolute peers none"),
        required("count", &ExplainRecord::count, "integer >= 0",
                 "what the rule counted in its window"),
        optional("work", &ExplainRecord::work, "integer >= 0", "what a rate is a share of"),
        required("value", &ExplainRecord::value, "number >= 0",
                 "a number, a share, or, against peers, how many times the baseline"),
        required("threshold", &ExplainRecord::threshold, "number >= 0"),
        required("way", &ExplainRecord::way, "number >= 0", "value by threshold: it trips at 1"),
        optional("baseline", &ExplainRecord::baseline, "number >= 0",
                 "of the peers: a share of their work, or events of a worker"),
        optional("chance", &ExplainRecord::chance, "number 0 to 1"),
        optional("peers", &ExplainRecord::peers, "list of text"),
        optional("stands_ms", &ExplainRecord::stands_ms, "integer >= 0",
                 "it holds for so long, and not yet for long enough"),
        optional("why", &ExplainRecord::why, "text", "why it does not hold"),
        required("time", &ExplainRecord::time, "time")};
  }
};

}  // namespace cdctl::breaker
