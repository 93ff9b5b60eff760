#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <cdctl/lock.hpp>
#include <cdctl/target.hpp>
#include <cdctl/time.hpp>

#include "core/app/context.hpp"
#include "core/land/results.hpp"
#include "core/land/sandbox.hpp"
#include "core/land/workspace.hpp"

namespace cdctl::land {

/// What is tested: a commit, which stands for all candidates up to it.
struct TestSubject {
  std::string kind;          ///< of its repository
  std::string commit, tree;  ///< an empty tree: not known, as of the target's own commit
  std::string base;          ///< of the first candidate in it
  std::string head;          ///< of the last proposal in it; empty = the target's own commit
  std::vector<std::string> proposals;
};

/// How a test has ended.
struct TestEnd {
  enum class Kind {
    passed,
    failed,
    unsure,   ///< it could not be run, could not tell, or was killed by somebody else
    trouble,  ///< it was not tried: stopped, at work elsewhere, or nobody to ask
    waiting,  ///< a CI has not said enough in time
  };
  Kind kind = Kind::trouble;
  std::string why;
  TestResult result;
  bool remembered = false;
  std::optional<Error> error;  ///< of trouble: who could not be asked
};

/// A test under way. step() goes on with it as far as that is possible without waiting for it.
class Test {
 public:
  virtual ~Test() = default;
  virtual void step() = 0;
  /// Set once it has ended.
  [[nodiscard]] virtual const TestEnd* end() const = 0;
  /// Asks it to end soon; how it ends does not matter any more.
  virtual void cancel() = 0;
  /// Readable when step() has something to do; -1: look again before long.
  [[nodiscard]] virtual int fd() const { return -1; }
};

struct TestOptions {
  bool again = false;  ///< also what was tested before
  Millis timeout{};    ///< of each call of repository and forge
};

/// Tests a subject by what its target says: the command in a sandbox, in a fresh checkout; when
/// that has passed, the named statuses, which a CI gives to exactly this commit once it is shown it
/// by a branch of its own. Results of the command are remembered by tree.
[[nodiscard]] std::unique_ptr<Test> begin_test(app::Context& context, const TestResults& results,
                                               const TargetConfig& target, TestSubject subject,
                                               const TestOptions& options);

/// Removes branches of candidates that nobody waits for any more.
void sweep_staged(app::Context& context, const TestResults& results, Millis timeout);

}  // namespace cdctl::land
