#pragma once

#include <map>
#include <set>
#include <string>

#include <cdctl/target.hpp>
#include <cdctl/time.hpp>

#include "core/app/context.hpp"
#include "core/land/results.hpp"
#include "core/records/candidate.hpp"

namespace cdctl::land {

struct VerifyOptions {
  bool again = false;  ///< also what was tested before
  Millis timeout{};    ///< of each call of the repository
};

/// Merges candidates and tests the merges. Each is made on top of those of its target that have
/// passed before it in this run, as if they had landed: when they land in the same order, what
/// lands is what was tested. Lives for one run of `verify`.
class Verifier {
 public:
  Verifier(app::Context& context, const VerifyOptions& options);

  /// The candidate with what was seen of it, sealed.
  [[nodiscard]] Result<records::Candidate> verify(records::Candidate candidate);

 private:
  /// What has passed of one target, in this run.
  struct Chain {
    std::string tip;
    std::string last;  ///< the proposal
    std::set<std::string> passed;
  };
  Result<> merge_and_test(const TargetConfig& target, records::Candidate& candidate);
  bool merge(const TargetConfig& target, records::Candidate& candidate);
  Result<> test(const TargetConfig& target, records::Candidate& candidate);
  Result<TestResult> run(const TargetConfig& target, records::Candidate& candidate);
  void judge(records::Candidate& candidate, const TestResult& result, bool remembered);

  app::Context& context_;
  VerifyOptions options_;
  TestResults results_;
  std::map<std::string, Chain> chains_;
};

/// What the repository is asked for so that it makes the merge of a candidate; the same once more
/// gives the same commit.
[[nodiscard]] MergeRequest merge_request(const records::Candidate& candidate, std::string onto);

}  // namespace cdctl::land
