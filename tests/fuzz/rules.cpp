#include <fmt/format.h>

#include "core/breaker/rule.hpp"
#include "tests/fuzz/property.hpp"

using namespace cdctl;
using cdctl::breaker::Rule;
using cdctl::fuzz::must;

namespace {

std::string subject_of(const Rule& rule) {
  const std::string rate = rule.kind == Rule::Kind::rate ? " rate" : "";
  if (rule.subject == Rule::Subject::name) return fmt::format("'{}'{}", rule.signal, rate);
  if (rule.subject == Rule::Subject::failures) return rate.empty() ? "failures" : "failure-rate";
  switch (rule.least) {
    case Severity::critical:
      return "critical" + rate;
    case Severity::error:
      return "errors" + rate;
    case Severity::warning:
      return "warnings" + rate;
    default:
      return "signals" + rate;
  }
}

/// What a number, or a rate, must reach.
std::string threshold_of(const Rule& rule) {
  return rule.kind == Rule::Kind::rate ? fmt::format("{}%", rule.share * 100)
                                       : std::to_string(rule.count);
}

std::string clauses_of(const Rule& rule) {
  auto out = " in " + to_duration(rule.window);
  if (rule.kind == Rule::Kind::row) out += " in a row";
  if (rule.at_least > 0) out += fmt::format(" of at least {}", rule.at_least);
  if (rule.after.count() > 0) out += " after " + to_duration(rule.after);
  if (rule.hold.count() > 0) out += " for " + to_duration(rule.hold);
  if (rule.settle.count() > 0) out += " unless everyone in " + to_duration(rule.settle);
  return out;
}

/// The rule as words, each clause said.
std::string printed(const Rule& rule) {
  const auto clauses = clauses_of(rule);
  if (rule.relative())
    return fmt::format("{} {} {}x baseline {} {}{}", subject_of(rule),
                       rule.above ? ">" : ">=", rule.times, rule.both ? "and" : "else",
                       threshold_of(rule), clauses);
  // A `>` of a number has become a `>=` of the next one, which may be beyond the highest.
  if (rule.above && rule.kind != Rule::Kind::rate)
    return fmt::format("{} > {}{}", subject_of(rule), rule.count - 1, clauses);
  return fmt::format("{} {} {}{}", subject_of(rule), rule.above ? ">" : ">=", threshold_of(rule),
                     clauses);
}

bool near(double a, double b) { return a - b < 1e-12 && b - a < 1e-12; }

void same(const Rule& a, const Rule& b) {
  must(a.kind == b.kind && a.subject == b.subject && a.least == b.least && a.signal == b.signal,
       "a printed rule counts the same");
  must(a.count == b.count && near(a.share, b.share) && a.times == b.times && a.both == b.both,
       "a printed rule has the same threshold");
  must(a.at_least == b.at_least && a.window == b.window && a.after == b.after && a.hold == b.hold &&
           a.settle == b.settle,
       "a printed rule has the same clauses");
}

void check(const Rule& rule, std::string_view text) {
  must(rule.text == text, "a rule keeps its text");
  must(rule.count >= 1 || rule.kind == Rule::Kind::rate, "no number holds without a signal");
  must(rule.kind != Rule::Kind::rate || rule.share > 0 || rule.above,
       "no rate holds without a failure");
  must(rule.share >= 0 && rule.share <= 1 && rule.times >= 0, "thresholds are in their bounds");
  must(rule.window.count() > 0 && rule.hold.count() >= 0 && rule.after.count() >= 0 &&
           rule.settle.count() >= 0,
       "times do not run backwards");
  must(!rule.relative() || rule.kind != Rule::Kind::row, "a baseline has no row");
}

}  // namespace

/// A rule is printed clause by clause, and reads as the same one; what is none is refused in one
/// line that says where.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto text = cdctl::fuzz::as_text(data, size);
  const auto rule = Rule::parse(text);
  if (!rule) {
    must(rule.error().exit == ExitCode::usage, "what is no rule is a usage error");
    must(rule.error().what.contains("column") && !rule.error().what.contains('\n'),
         "it says where, in one line");
    return 0;
  }
  check(*rule, text);
  const auto again = Rule::parse(printed(*rule));
  must(again.has_value(), "a printed rule is one");
  same(*rule, *again);
  for (const auto severity : {Severity::debug, Severity::error, Severity::critical}) {
    (void)rule->matches(severity, rule->signal);
    must(rule->subject == Rule::Subject::name || !rule->matches(severity, k_outage_signal),
         "that nobody works cuts nobody, unless a rule names it");
  }
  return 0;
}
