#pragma once

#include <string>
#include <vector>

#include <cdctl/guarded.hpp>
#include <cdctl/time.hpp>

namespace cdctl {

/// One thing that was checked, for `cdctl doctor`.
struct Check {
  enum class State { ok, warning, bad, unknown };
  std::string what;  ///< `juju client`
  State state = State::ok;
  std::string found;  ///< `3.6.11`; what is wrong
  std::string cure;   ///< what to do; empty when it is well
};

/// Looks at what a plugin needs before it is needed. Changes nothing.
class Doctor {
 public:
  virtual ~Doctor() = default;
  /// Never fails as a whole: what could not be asked is a check of its own.
  [[nodiscard]] std::vector<Check> examine(const Deadline& deadline) {
    return guarded_or(std::vector<Check>{{"plugin", Check::State::unknown,
                                          "internal error: it threw an exception", "report it"}},
                      [&] { return do_examine(deadline); });
  }

 protected:
  [[nodiscard]] virtual std::vector<Check> do_examine(const Deadline& deadline) = 0;
};

}  // namespace cdctl
