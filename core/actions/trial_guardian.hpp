#pragma once

#include <utility>
#include <vector>

#include <cdctl/error.hpp>
#include <cdctl/set_name.hpp>

#include "core/app/context.hpp"

namespace cdctl::actions {

/// A process of its own that follows the trials of `sets` to their end when this one is killed, and
/// cuts them again when this one was asked to stop (which lets it ask no broker any more). Made
/// before anything is opened.
class TrialGuardian {
 public:
  [[nodiscard]] static Result<TrialGuardian> make(const app::Context& context,
                                                  const std::vector<SetName>& sets);
  TrialGuardian(TrialGuardian&& other) noexcept
      : pipe_(std::exchange(other.pipe_, -1)), word_(other.word_) {}
  TrialGuardian& operator=(TrialGuardian&&) = delete;
  ~TrialGuardian();
  /// Nothing is left to guard. Without this or the next the guardian follows the trials when this
  /// object goes.
  void dismiss() { word_ = 'd'; }
  void cut_now() { word_ = 'c'; }

 private:
  explicit TrialGuardian(int pipe) : pipe_(pipe) {}
  int pipe_;
  char word_ = 0;
};

}  // namespace cdctl::actions
