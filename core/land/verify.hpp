#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <cdctl/target.hpp>
#include <cdctl/time.hpp>

#include "core/app/context.hpp"
#include "core/land/results.hpp"
#include "core/land/target_queue.hpp"
#include "core/records/candidate.hpp"

namespace cdctl::land {

struct VerifyOptions {
  bool again = false;         ///< also what was tested before, or rests for it could not be
  std::size_t jobs = 1;       ///< tests at once
  Millis timeout{};           ///< of each call of the repository
  bool trust_record = false;  ///< also what the gate of another home has let through
};

/// Merges candidates and tests the merges. Each is made on top of those of its target that have
/// passed before it in this run, as if they had landed: when they land in the same order, what
/// lands is what was tested. Lives for one run of `verify`.
class Verifier {
 public:
  using Say = std::function<void(const records::Candidate&)>;
  /// `say` is given each candidate with what was seen of it, sealed, as soon as that is known.
  Verifier(app::Context& context, const VerifyOptions& options, Say say);

  /// Candidates of any targets, in the order of the gate. A target that is not there, and a
  /// candidate that no gate has let through as it is, are reported. Exit code `config` where the
  /// word of other homes shall be taken, and there is no key for it.
  [[nodiscard]] Result<> verify(std::vector<records::Candidate> candidates);

 private:
  void add_queues(std::vector<records::Candidate> candidates);
  [[nodiscard]] QueueHelp help_with(const TargetConfig& target);
  void merge(const TargetConfig& target, records::Candidate& candidate, const std::string& onto);
  void make_as_before(const TargetConfig& target, Repository& repository,
                      records::Candidate& candidate, MergeAnswer& made, const std::string& onto);
  void say(const TargetConfig& target, records::Candidate candidate);
  void hand_on(const TargetConfig& target, records::Candidate candidate);
  [[nodiscard]] bool is_overdue(const records::Candidate& candidate) const;
  void count_unsure(const records::Candidate& candidate) const;
  [[nodiscard]] std::string rests(const records::Candidate& candidate) const;
  void tell_pending(const TargetConfig& target, const records::Candidate& candidate);
  [[nodiscard]] std::vector<const Test*> tests() const;
  void wait_for(const std::vector<const Test*>& tests) const;

  app::Context& context_;
  VerifyOptions options_;
  Say say_;
  TestResults results_;
  std::string key_;
  std::deque<TargetQueue> queues_;
  std::vector<std::unique_ptr<Test>> abandoned_;
  std::set<std::string> told_;  ///< heads whose proposals say that they are tested
};

/// What the repository is asked for so that it makes the merge of a candidate; the same once more
/// gives the same commit.
[[nodiscard]] MergeRequest merge_request(const TargetConfig& target,
                                         const records::Candidate& candidate, std::string onto);

}  // namespace cdctl::land
