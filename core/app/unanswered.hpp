#pragma once

#include <cdctl/error.hpp>

namespace cdctl::app {

/// The error of somebody who was asked and has not told. That they kept silent until the deadline
/// is "I don't know" like any other reason: exit code `unknown`. `timeout` is left for what was
/// begun, or waited for, and not done in time.
[[nodiscard]] inline Error unanswered(Error error) {
  if (error.exit == ExitCode::timeout) error.exit = ExitCode::unknown;
  return error;
}

}  // namespace cdctl::app
