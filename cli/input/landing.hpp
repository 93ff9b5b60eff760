#pragma once

#include <functional>
#include <set>
#include <string>

#include "cli/input/record_reader.hpp"
#include "core/records/candidate.hpp"

namespace cdctl::cli {

/// The targets of which a stage before could not ask, or which it could not read: nothing is
/// decided or done of them.
class TargetErrors {
 public:
  explicit TargetErrors(Context& context) : context_(context) {}
  /// Whether it is an error record; then it goes on down the pipe.
  bool pass_on(const Json& record);
  /// The same for who ends the pipe: it is told on stderr.
  bool take(const Json& record);
  [[nodiscard]] bool blocks(const std::string& target) const {
    return all_ || targets_.contains(target);
  }

 private:
  bool add(const Json& record);

  Context& context_;
  bool all_ = false;
  std::set<std::string> targets_;
};

/// Calls `one` for each candidate record on standard input, until a stop is asked for; `errors` has
/// those that are none. Exit code `usage` where standard input is a terminal.
[[nodiscard]] Result<> for_each_candidate(Context& context, std::string_view wanted,
                                          std::string_view instead, bool passes_errors,
                                          const std::function<void(records::Candidate)>& one);

}  // namespace cdctl::cli
