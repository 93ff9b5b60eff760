#include "core/land/votes.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include <fmt/format.h>

#include <cdctl/text.hpp>

namespace cdctl::land {

namespace {

constexpr std::array<std::string_view, 6> k_operators{"==", "!=", "<", "<=", ">", ">="};
constexpr std::string_view k_never_counts = "Abstain";

std::unexpected<Error> wrong(std::size_t column, std::string_view what) {
  return fail(ExitCode::config,
              fmt::format("votes: {} (column {}); write a line such as \"Approve >= 2, Disapprove "
                          "== 0\"",
                          what, column));
}

std::string folded(std::string_view text) {
  std::string out;
  for (const auto word : words(text)) {
    if (!out.empty()) out += ' ';
    for (const char c : word)
      out += c == '-' ? ' ' : (c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c);
  }
  return out;
}

std::int64_t count_of(const VoteCounts& counts, const std::string& vote) {
  const auto at = counts.find(vote);
  return at == counts.end() || vote == k_never_counts ? 0 : at->second;
}

}  // namespace

const std::vector<std::string>& known_votes() {
  static const std::vector<std::string> k_votes{
      "Approve",    "Needs Fixing", "Needs Information", "Needs Resubmitting",
      "Disapprove", "Abstain",      "Pending",           "Unresolved"};
  return k_votes;
}

std::string vote_of(std::string_view word) {
  const auto wanted = folded(word);
  const auto& all = known_votes();
  const auto at =
      std::ranges::find(all, wanted, [](const std::string& vote) { return folded(vote); });
  return at == all.end() ? std::string() : *at;
}

Result<VotePolicy::Term> VotePolicy::parse_term(std::string_view text, std::size_t column) {
  const auto sign = text.find_first_of("=!<>");
  const auto name = trimmed(text.substr(0, std::min(sign, text.size())));
  if (name.empty()) return wrong(column, "the name of a vote is missing");
  if (sign == text.npos)
    return wrong(column, fmt::format("'{}' needs an operator and a number", printable(name, 40)));
  Term out;
  out.vote = vote_of(name);
  if (out.vote.empty())
    return wrong(column, fmt::format("there is no vote '{}'{}", printable(name, 40),
                                     did_you_mean(name, known_votes(), "'", "'")));
  auto end = sign;
  while (end < text.size() && std::string_view("=!<>").contains(text[end])) ++end;
  const auto op = std::ranges::find(k_operators, text.substr(sign, end - sign));
  if (op == k_operators.end())
    return wrong(column + sign,
                 fmt::format("'{}' is no operator; one of {}",
                             printable(text.substr(sign, end - sign), 20), "== != < <= > >="));
  out.op = static_cast<Operator>(op - k_operators.begin());
  const auto number = trimmed(text.substr(end));
  const auto [stop, error] =
      std::from_chars(number.data(), number.data() + number.size(), out.number);
  if (error != std::errc() || stop != number.data() + number.size() || out.number < 0 ||
      out.number > 1000)
    return wrong(column + end,
                 fmt::format("'{}' is no whole number from 0 to 1000", printable(number, 40)));
  if (out.op == Operator::less && out.number == 0)
    return wrong(column, "there are never fewer than 0 votes");
  if (out.vote == k_never_counts && !out.holds({}))
    return wrong(column, "an abstention never counts, so that nothing would ever land");
  return out;
}

Result<VotePolicy> VotePolicy::parse(std::string_view text) {
  VotePolicy out;
  std::size_t begin = 0;
  while (begin <= text.size()) {
    const auto end = std::min(text.find_first_of(",;", begin), text.size());
    const auto part = text.substr(begin, end - begin);
    const auto blanks = std::min(part.find_first_not_of(" \t\n"), part.size());
    CDCTL_TRY_ASSIGN(auto term, parse_term(part.substr(blanks), begin + blanks + 1));
    out.terms_.push_back(std::move(term));
    begin = end + 1;
  }
  return out;
}

bool VotePolicy::Term::holds(const VoteCounts& counts) const {
  const auto got = count_of(counts, vote);
  switch (op) {
    case Operator::equal:
      return got == number;
    case Operator::unequal:
      return got != number;
    case Operator::less:
      return got < number;
    case Operator::at_most:
      return got <= number;
    case Operator::more:
      return got > number;
    case Operator::at_least:
      return got >= number;
  }
  return false;
}

bool VotePolicy::holds(const VoteCounts& counts) const {
  return std::ranges::all_of(terms_, [&](const Term& term) { return term.holds(counts); });
}

std::string VotePolicy::missing(const VoteCounts& counts) const {
  std::vector<std::string> out;
  for (const auto& term : terms_)
    if (!term.holds(counts))
      out.push_back(fmt::format("{} {} {} (has {})", term.vote,
                                k_operators[static_cast<std::size_t>(term.op)], term.number,
                                count_of(counts, term.vote)));
  return joined(out);
}

}  // namespace cdctl::land
