#include "trip_rule.hpp"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include <cdctl/names.hpp>

namespace cdctl::cli {

namespace {

/// The words of a rule with their columns; a quoted word keeps its quotes.
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

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text), words_(words_of(text)) {}

  Result<Rule> rule() {
    Rule out;
    out.text = text_;
    CDCTL_TRY(subject(out));
    CDCTL_TRY(number(out));
    if (at_ == words_.size()) return out;
    if (word() != "in") return wrong("expected 'in DURATION' or 'in a row'");
    ++at_;
    if (word() == "a" && at_ + 1 < words_.size() && words_[at_ + 1].text == "row") {
      out.kind = Rule::Kind::row;
      at_ += 2;
    } else {
      auto window = parse_duration(word());
      if (!window || *window < Millis(1)) return wrong("expected a duration such as 1m, or 'a row'");
      out.window = *window;
      ++at_;
    }
    if (at_ < words_.size()) return wrong("expected the end of the rule");
    return out;
  }

 private:
  std::string_view word() const { return at_ < words_.size() ? words_[at_].text : std::string_view(); }

  std::unexpected<Error> wrong(std::string_view expected) const {
    const auto column = at_ < words_.size() ? words_[at_].column : text_.size() + 1;
    return fail(ExitCode::usage, fmt::format("rule '{}', column {}: {}{}", printable(text_, 100), column, expected,
                                             at_ < words_.size() ? fmt::format(", found '{}'", printable(word(), 40)) : ""));
  }

  Result<> subject(Rule& out) {
    const auto name = word();
    if (name.size() > 2 && name.front() == '\'' && name.back() == '\'') {
      out.signal = name.substr(1, name.size() - 2);
    } else if (name == "critical" || name == "criticals") {
      out.least = Severity::critical;
    } else if (name == "errors" || name == "error") {
      out.least = Severity::error;
    } else if (name == "warnings" || name == "warning") {
      out.least = Severity::warning;
    } else if (name == "signals" || name == "signal") {
      out.least = Severity::debug;
    } else if (name == "failure-rate") {
      return wrong("rates and baselines are not in this version; use critical, errors, warnings, signals or a 'name'");
    } else {
      return wrong("expected critical, errors, warnings, signals or the 'name' of a signal");
    }
    ++at_;
    return {};
  }

  Result<> number(Rule& out) {
    const auto comparison = word();
    if (comparison != ">=" && comparison != ">") return wrong("expected >= or >");
    ++at_;
    const auto digits = word();
    const auto [stop, error] = std::from_chars(digits.data(), digits.data() + digits.size(), out.count);
    if (error != std::errc() || stop != digits.data() + digits.size() || out.count < 0 || out.count > 10'000) return wrong("expected a number from 1 to 10000");
    if (comparison == ">") ++out.count;
    if (out.count < 1) return wrong("a rule that holds without any signal would cut everything; expected a number from 1");
    ++at_;
    return {};
  }

  std::string_view text_;
  std::vector<Word> words_;
  std::size_t at_ = 0;
};

}  // namespace

Result<Rule> Rule::parse(std::string_view text) { return Parser(text).rule(); }

const std::vector<std::string>& default_rules() {
  static const std::vector<std::string> rules{"critical >= 1", "errors >= 5 in 1m"};
  return rules;
}

}  // namespace cdctl::cli
