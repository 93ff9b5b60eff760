// bench-launch [-n ROUNDS] [-i FILE] [-p PROGRAM] -- NAME COMMAND [ARG...] [-- NAME COMMAND
// [ARG...]]...
//
// Runs the commands in turn, ROUNDS times each after one round that does not count, so that
// whatever else the machine does meets all of them. stdin is FILE (or the null device). PROGRAM
// NAME is run before each and not timed. A command or PROGRAM that fails ends it all: a time of
// something that did not work is no time.
//
// Prints a line for each: NAME MEDIAN_MS P99_MS MAX_MS PEAK_KIB

#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "tests/bench/spawn.hpp"
#include "tests/bench/summary.hpp"

namespace {

constexpr std::chrono::seconds k_patience(120);

struct Contestant {
  std::string name;
  std::vector<std::string> argv;
  std::vector<double> times;
  long peak_kib = 0;
};

struct Plan {
  int rounds = 20;
  std::string input = "/dev/null";
  std::string prepare;
  std::vector<Contestant> contestants;
};

bool parse(int argc, char** argv, Plan& plan) {
  int at = 1;
  for (; at + 1 < argc && std::string_view(argv[at]) != "--"; at += 2) {
    const std::string_view option = argv[at];
    if (option == "-n")
      plan.rounds = std::atoi(argv[at + 1]);
    else if (option == "-i")
      plan.input = argv[at + 1];
    else if (option == "-p")
      plan.prepare = argv[at + 1];
    else
      return false;
  }
  bool named = false;
  for (; at < argc; ++at) {
    const std::string_view word = argv[at];
    if (word == "--") {
      plan.contestants.emplace_back();
      named = false;
    } else if (!named) {
      plan.contestants.back().name = word;
      named = true;
    } else {
      plan.contestants.back().argv.emplace_back(word);
    }
  }
  for (const auto& contestant : plan.contestants)
    if (contestant.argv.empty()) return false;
  return plan.rounds > 0 && !plan.contestants.empty();
}

bool run_once(const Plan& plan, Contestant& contestant, bool counts) {
  if (!plan.prepare.empty()) {
    const auto prepared =
        bench::run({plan.prepare, contestant.name}, "/dev/null", true, k_patience);
    if (prepared.status != 0) {
      std::fprintf(stderr, "bench-launch: %s %s: exit status %d\n", plan.prepare.c_str(),
                   contestant.name.c_str(), prepared.status);
      return false;
    }
  }
  const auto ended = bench::run(contestant.argv, plan.input, false, k_patience);
  if (ended.status != 0) {
    std::fprintf(stderr, "bench-launch: %s (%s): exit status %d\n", contestant.name.c_str(),
                 contestant.argv.front().c_str(), ended.status);
    return false;
  }
  if (!counts) return true;
  contestant.times.push_back(ended.milliseconds);
  contestant.peak_kib = std::max(contestant.peak_kib, ended.peak_kib);
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  Plan plan;
  if (!parse(argc, argv, plan)) {
    std::fputs(
        "usage: bench-launch [-n ROUNDS] [-i FILE] [-p PROGRAM] -- NAME COMMAND [ARG...] [-- NAME "
        "COMMAND...]...\n",
        stderr);
    return 2;
  }
  for (int round = 0; round <= plan.rounds; ++round)
    for (auto& contestant : plan.contestants)
      if (!run_once(plan, contestant, round > 0)) return 1;
  for (const auto& one : plan.contestants) {
    std::printf("%s %.3f %.3f %.3f %ld\n", one.name.c_str(), bench::quantile(one.times, 0.5),
                bench::quantile(one.times, 0.99), bench::quantile(one.times, 1), one.peak_kib);
  }
}
