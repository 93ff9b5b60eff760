#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include <fmt/format.h>

#include <cdctl/text.hpp>

#include "core/breaker/rule.hpp"

namespace cdctl::breaker {

namespace {

constexpr std::int64_t k_most = 10'000;  ///< of a number in a rule
constexpr double k_most_times = 1000;    ///< of `3x baseline`
constexpr auto k_longest = std::chrono::hours(24 * 7);
constexpr std::int64_t k_sample = 20;  ///< of a rate that names none
constexpr std::int64_t k_else = 10;    ///< of a count against a baseline that names no fallback
constexpr double k_else_share = 0.2;   ///< the same of a rate

/// A word of a rule with its column; a quoted word keeps its quotes.
struct Word {
  std::string_view text;
  std::size_t column;
};

std::vector<Word> words_of(std::string_view text) {
  std::vector<Word> out;
  std::size_t at = 0;
  while (at < text.size()) {
    if (text[at] == ' ' || text[at] == '\t') {
      ++at;
      continue;
    }
    auto end = at;
    if (text[at] == '\'') {
      end = std::min(text.find('\'', at + 1), text.size() - 1) + 1;
    } else if (text[at] == '>' || text[at] == '<' || text[at] == '=') {
      while (end < text.size() && std::string_view("><=").contains(text[end])) ++end;
    } else {
      while (end < text.size() && !std::string_view(" \t><='").contains(text[end])) ++end;
    }
    out.push_back({text.substr(at, end - at), at + 1});
    at = end;
  }
  return out;
}

template <class Number>
bool all_of(std::string_view digits, Number& out) {
  const auto [stop, error] = std::from_chars(digits.data(), digits.data() + digits.size(), out);
  return error == std::errc() && stop == digits.data() + digits.size();
}

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text), words_(words_of(text)) {}

  Result<Rule> rule() {
    Rule out;
    out.text = text_;
    CDCTL_TRY(subject(out));
    CDCTL_TRY(amount(out));
    while (at_ < words_.size()) CDCTL_TRY(clause(out));
    return finished(std::move(out));
  }

 private:
  std::string_view word(std::size_t ahead = 0) const {
    return at_ + ahead < words_.size() ? words_[at_ + ahead].text : std::string_view();
  }
  bool take(std::string_view wanted) {
    if (word() != wanted) return false;
    ++at_;
    return true;
  }

  std::unexpected<Error> wrong(std::string_view expected) const {
    const auto column = at_ < words_.size() ? words_[at_].column : text_.size() + 1;
    return fail(
        ExitCode::usage,
        fmt::format("rule '{}', column {}: {}{}", printable(text_, 100), column, expected,
                    at_ < words_.size() ? fmt::format(", found '{}'", printable(word(), 40)) : ""));
  }

  Result<> subject(Rule& out) {
    static constexpr std::array<std::pair<std::string_view, Severity>, 8> k_words{
        {{"critical", Severity::critical},
         {"criticals", Severity::critical},
         {"errors", Severity::error},
         {"error", Severity::error},
         {"warnings", Severity::warning},
         {"warning", Severity::warning},
         {"signals", Severity::debug},
         {"signal", Severity::debug}}};
    const auto name = word();
    const auto severity =
        std::ranges::find(k_words, name, &std::pair<std::string_view, Severity>::first);
    if (name.size() > 2 && name.front() == '\'' && name.back() == '\'') {
      out.subject = Rule::Subject::name;
      out.signal = name.substr(1, name.size() - 2);
    } else if (severity != k_words.end()) {
      out.least = severity->second;
    } else if (name == "failures" || name == "failure" || name == "failure-rate") {
      out.subject = Rule::Subject::failures;
      out.least = Severity::error;
      if (name == "failure-rate") out.kind = Rule::Kind::rate;
    } else {
      return wrong(
          "expected critical, errors, warnings, signals, failures, failure-rate or the 'name' of a "
          "signal");
    }
    ++at_;
    if (out.kind != Rule::Kind::rate && take("rate")) out.kind = Rule::Kind::rate;
    return {};
  }

  Result<> amount(Rule& out) {
    const auto comparison = word();
    if (comparison != ">=" && comparison != ">") return wrong("expected >= or >");
    out.above = comparison == ">";
    ++at_;
    if (!word().ends_with('x')) return threshold(out, out.above);
    double times = 0;
    if (!all_of(word().substr(0, word().size() - 1), times) || !(times > 1) || times > k_most_times)
      return wrong("expected how many times the baseline, such as 2x; more than 1");
    out.times = times;
    ++at_;
    if (!take("baseline")) return wrong("expected 'baseline'");
    out.count = k_else;
    out.share = k_else_share;
    out.both = word() == "and";
    return take("else") || take("and") ? threshold(out, false) : Result<>();
  }

  Result<> threshold(Rule& out, bool above) {
    if (out.kind == Rule::Kind::rate) return percentage(out);
    auto digits = word();
    if (!all_of(digits, out.count) || out.count < 0 || out.count > k_most)
      return wrong(fmt::format("expected a number from 1 to {}", k_most));
    if (above) ++out.count;
    if (out.count < 1)
      return wrong(
          "a rule that holds without any signal would cut everything; expected a number from 1");
    ++at_;
    return {};
  }

  Result<> percentage(Rule& out) {
    double percent = 0;
    if (!word().ends_with('%') || !all_of(word().substr(0, word().size() - 1), percent) ||
        !std::isfinite(percent) || percent < 0 || percent > 100)
      return wrong("expected a percentage such as 20%, or 2x baseline");
    if (percent == 0 && !out.above)
      return wrong(
          "a rule that holds without any failure would cut everything; expected more than 0%");
    out.share = percent / 100;
    ++at_;
    return {};
  }

  Result<> clause(Rule& out) {
    if (word() == "in" && word(1) == "a" && word(2) == "row") {
      if (out.kind == Rule::Kind::rate || out.relative())
        return wrong("a rate or a baseline has no row; expected 'in DURATION'");
      CDCTL_TRY(once(row_));
      out.kind = Rule::Kind::row;
      at_ += 3;
      return {};
    }
    if (take("in")) return duration(out.window, in_);
    if (take("after")) return duration(out.after, after_);
    if (take("for")) return duration(out.hold, for_);
    if (take("of")) {
      if (!take("at") || !take("least")) return wrong("expected 'of at least N'");
      if (!all_of(word(), out.at_least) || out.at_least < 1 || out.at_least > 1'000'000)
        return wrong("expected a number from 1 to 1000000");
      CDCTL_TRY(once(sample_));
      ++at_;
      return {};
    }
    if (take("unless")) {
      if (!take("everyone") || !take("in")) return wrong("expected 'unless everyone in DURATION'");
      return duration(out.settle, unless_);
    }
    return wrong(
        "expected 'in DURATION', 'in a row', 'of at least N', 'after DURATION', 'for DURATION' or "
        "the end of the rule");
  }

  Result<> duration(Millis& out, bool& seen) {
    const auto read = parse_duration(word());
    if (!read || *read < Millis(1) || *read > k_longest)
      return wrong("expected a duration such as 1m, at most 1w");
    CDCTL_TRY(once(seen));
    out = *read;
    ++at_;
    return {};
  }
  Result<> once(bool& seen) const {
    if (std::exchange(seen, true)) return wrong("said twice");
    return {};
  }

  Result<Rule> finished(Rule out) {
    if (out.kind == Rule::Kind::rate && !sample_) out.at_least = k_sample;
    if (out.relative() && !sample_ && out.kind != Rule::Kind::rate)
      out.at_least = std::min<std::int64_t>(out.count, k_else);
    return out;
  }

  std::string_view text_;
  std::vector<Word> words_;
  std::size_t at_ = 0;
  bool in_ = false, row_ = false, after_ = false, for_ = false, sample_ = false, unless_ = false;
};

}  // namespace

Result<Rule> Rule::parse(std::string_view text) { return Parser(text).rule(); }

}  // namespace cdctl::breaker
