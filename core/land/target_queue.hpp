#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <cdctl/target.hpp>

#include "core/land/test_run.hpp"
#include "core/records/candidate.hpp"

namespace cdctl::land {

/// What a queue has done for it.
struct QueueHelp {
  /// Merges a candidate onto a commit (empty: the newest of the target): fills base, commit, tree,
  /// and conflicts. Without a commit its verdict says why, but for a conflict.
  std::function<void(records::Candidate&, const std::string& onto)> merge;
  std::function<std::unique_ptr<Test>(TestSubject)> begin;
  /// Takes a test that is not needed any more; it ends on its own time.
  std::function<void(std::unique_ptr<Test>)> abandon;
  /// A candidate with its verdict.
  std::function<void(records::Candidate)> say;
  /// A candidate whose statuses did not come in time.
  std::function<void(const records::Candidate&)> overdue = [](const records::Candidate&) {};
  /// A candidate with which the test could not tell, though it can without it.
  std::function<void(const records::Candidate&)> unsure = [](const records::Candidate&) {};
};

/// The candidates of one target on their way through their tests, in their order.
///
/// Up to `batch` of them are merged on each other and tested as one. Several such batches may be
/// under way at once, each on top of those ahead, as if those had passed; when one has not, what is
/// behind it begins anew without it. A batch that fails is halved: of its candidates the first with
/// which it fails is out, and it is nobody's fault when the target's own commit fails as well. Then
/// each is tested by itself: one with which the target passes goes before the others.
class TargetQueue {
 public:
  TargetQueue(const TargetConfig& target, std::vector<records::Candidate> candidates,
              QueueHelp help);

  /// Goes on as far as that is possible without waiting; begins at most `slots` further tests, and
  /// says how many it has begun.
  std::size_t step(std::size_t slots, std::size_t most_batches);
  [[nodiscard]] bool done() const { return waiting_.empty() && batches_.empty() && stuck_.empty(); }
  /// The tests that are under way.
  [[nodiscard]] std::vector<const Test*> tests() const;

 private:
  struct Entry {
    std::size_t place = 0;  ///< in the order of the gate
    records::Candidate candidate;
  };
  /// Members merged on each other. The first `low` are known to pass together, the first `high` are
  /// known not to.
  struct Batch {
    std::vector<Entry> members;
    std::vector<Entry> parked;  ///< conflict with what is ahead of them, which may yet fall out
    std::size_t low = 0, high = 0, tested = 0;
    bool split = false;  ///< it has not passed as a whole
    bool base_tested = false;
    std::unique_ptr<Test> test;
    TestEnd passed, failed;  ///< how `low` and `high` have ended
  };

  std::optional<Batch> next_batch();
  void take(Entry entry, Batch& batch, const std::string& onto);
  [[nodiscard]] bool may_go_on() const;
  [[nodiscard]] std::string missing_ahead(const records::Candidate& candidate,
                                          const Batch& batch) const;
  void begin(Batch& batch, std::size_t members);
  void begin_base(Batch& batch);
  bool settle_front();
  bool narrow(Batch& batch);
  void settle(Batch batch, std::size_t passed, bool culprit);
  void defer(Batch batch, const TestEnd& end);
  void target_is_red(Batch batch, const TestEnd& end);
  void give_up_on_red();
  [[nodiscard]] bool is_red() const { return !stuck_.empty(); }
  void drop_behind(std::size_t place);
  void put_back(std::vector<Entry> entries);
  void verified(Batch& batch, std::size_t members);
  static void judge(records::Candidate& candidate, const TestEnd& end);

  const TargetConfig& target_;
  QueueHelp help_;
  std::map<std::size_t, records::Candidate> waiting_;
  std::deque<Batch> batches_;  ///< under way, each on top of the one before
  std::string tip_, last_;     ///< of what has passed in this run; empty = nothing yet
  std::set<std::string> passed_;
  std::vector<Entry> stuck_;  ///< fail where the target does, too, or come after one that does
  std::string red_why_, red_log_;
};

}  // namespace cdctl::land
