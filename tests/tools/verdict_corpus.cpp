// What the verdicts of `cdctl trip` are worth on labelled traces.
//
//   verdict-corpus [--seeds N] [--from SEED] [--cut] [--wrong] [--rule RULE]...   judge N seeds of
//   each kind, print a table verdict-corpus --write KIND SEED the signals of one trace, as NDJSON
//   verdict-corpus --truth KIND SEED                                              its bad sets, and
//   since when

#include <cstdio>
#include <cstdlib>
#include <string>

#include <fmt/format.h>

#include "tests/tools/verdict_score.hpp"

namespace {

int usage() {
  std::fputs(
      "usage: verdict-corpus [--seeds N] [--from SEED] [--cut] [--wrong] [--rule RULE]... | "
      "--write KIND SEED | --truth KIND SEED\n",
      stderr);
  return 2;
}

void print_row(std::string_view name, const verdicts::Score& s) {
  fmt::print("{:<18} {:>6} {:>6} {:>6} {:>7} {:>9.4f} {:>7.4f} {:>6} {:>8} {:>9} {:>9}\n", name,
             s.traces, s.right, s.wrong, s.missed, s.precision(), s.recall(), s.cuts, s.refused,
             s.good_cuts, s.last_cut);
}

int write_trace(const std::string& kind, std::uint64_t seed, bool truth) {
  const auto trace = verdicts::make_trace(kind, seed);
  if (trace.lines.empty()) return usage();
  if (truth)
    for (const auto& [set, since] : trace.bad_since)
      fmt::print("{} {}\n", set, cdctl::to_rfc3339(since));
  else
    for (const auto& line : trace.lines) fmt::print("{}\n", line.text);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  int seeds = 30;
  std::uint64_t from = 1;
  bool cut = false, wrong = false;
  std::vector<std::string> rules, wrongs;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    const bool more = i + 1 < argc;
    if ((word == "--write" || word == "--truth") && i + 2 < argc)
      return write_trace(argv[i + 1], std::strtoull(argv[i + 2], nullptr, 10), word == "--truth");
    if (word == "--seeds" && more)
      seeds = std::atoi(argv[++i]);
    else if (word == "--from" && more)
      from = std::strtoull(argv[++i], nullptr, 10);
    else if (word == "--rule" && more)
      rules.emplace_back(argv[++i]);
    else if (word == "--cut")
      cut = true;
    else if (word == "--wrong")
      wrong = true;
    else
      return usage();
  }
  if (seeds < 1) return usage();
  const auto scores = verdicts::judge_kinds(from, seeds, rules, cut, &wrongs);
  fmt::print("{:<18} {:>6} {:>6} {:>6} {:>7} {:>9} {:>7} {:>6} {:>8} {:>9} {:>9}\n", "kind",
             "traces", "right", "wrong", "missed", "precision", "recall", "cuts", "refused",
             "good cut", "last cut");
  for (const auto kind : verdicts::kinds()) print_row(kind, scores.at(std::string(kind)));
  print_row("all", verdicts::total(scores));
  if (wrong)
    for (const auto& line : wrongs) fmt::print("{}\n", line);
}
