#include <algorithm>
#include <string>

#include <cdctl/text.hpp>

#include "core/land/message.hpp"
#include "core/land/votes.hpp"
#include "tests/fuzz/host.hpp"

using namespace cdctl;
using namespace cdctl::land;
using cdctl::fuzz::must;

namespace {

/// The policy with what may be written in another way.
std::string rewritten(std::string_view text) {
  std::string out;
  for (const char c : text)
    out += c == ',' ? ';' : c >= 'a' && c <= 'z' ? static_cast<char>(c & ~0x20) : c;
  return out;
}

/// Counts of each vote up to three, by the bits of a number.
VoteCounts counts_of(unsigned bits) {
  VoteCounts out;
  for (const auto& vote : known_votes()) {
    if (const auto count = bits & 3; count > 0) out[vote] = count;
    bits >>= 2;
  }
  return out;
}

void check(const VotePolicy& policy, const VotePolicy& again) {
  for (unsigned bits = 1; bits < 1u << 16; bits = bits * 5 + 3) {
    const auto counts = counts_of(bits);
    const auto missing = policy.missing(counts);
    must(policy.holds(counts) == missing.empty(), "what does not hold says what is missing");
    must(fuzz::one_line(missing), "what is missing is one line");
    must(again.missing(counts) == missing, "case and separators do not matter");
    auto more = counts;
    more["Abstain"] += 2;
    must(policy.holds(more) == policy.holds(counts), "who abstains changes nothing");
  }
}

}  // namespace

/// How many votes a proposal needs, and the template of a merge's message.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto text = cdctl::fuzz::as_text(data, size);
  if (const auto message = check_message(text); !message)
    must(fuzz::one_line(message.error().what), "what is wrong in a template is told in one line");
  if (const auto vote = vote_of(text); !vote.empty())
    must(vote_of(vote) == vote, "a vote is its own word");
  const auto policy = VotePolicy::parse(text);
  if (!policy) {
    must(policy.error().exit == ExitCode::config && policy.error().what.contains("column") &&
             fuzz::one_line(policy.error().what),
         "what is no policy is told in one line, with the place");
    return 0;
  }
  const auto again = VotePolicy::parse(rewritten(text));
  must(again.has_value(), "a policy in capitals is one");
  check(*policy, *again);
  return 0;
}
