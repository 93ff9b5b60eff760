#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include <cdctl/set_name.hpp>
#include <cdctl/time.hpp>

#include "core/app/context.hpp"
#include "core/records/outcome.hpp"

namespace cdctl::actions {

/// What an actor did to one set: gathers the steps and becomes one `cdctl.outcome/1` record.
class Outcome {
 public:
  Outcome(app::Context& context, std::string_view action, SetName set, bool dry_run);

  /// Notes a step. False when it failed: the rest must not follow.
  bool step(const std::string& plugin, Result<Step> result);
  /// Notes that something was or would be changed, outside a step.
  void changed() { changed_ = true; }
  void why(std::string_view text) { why_ = text; }
  /// A further member of the record.
  void set(std::string_view key, Json value) { more_.set(key, std::move(value)); }
  void fail_with(const Error& error);
  [[nodiscard]] bool has_changed() const { return changed_; }
  [[nodiscard]] bool ok() const { return !error_; }
  [[nodiscard]] ExitCode exit() const { return error_ ? error_->exit : ExitCode::done; }
  [[nodiscard]] bool dry_run() const { return dry_run_; }

  /// Writes the record, appends it to the log of the home, reports the error.
  void write();

 private:
  app::Context& context_;
  std::string action_;
  SetName set_;
  bool dry_run_, changed_ = false;
  std::string why_;
  std::vector<records::OutcomeStep> steps_;
  Json more_;
  std::optional<Error> error_;
  std::chrono::steady_clock::time_point begun_ = std::chrono::steady_clock::now();
};

/// What a person said of a service as a whole (then `set` is empty), or of one set.
struct Decision {
  std::string_view action;  ///< force, hold, resume, retire
  std::string service;
  std::optional<SetName> set = {};
  std::string why = {};
  Json more = {};  ///< further members of the outcome
  std::optional<Error> error = {};
  bool changed = true;
};

/// Keeps it in the log of the home as an outcome: the command prints a record of its own.
void keep_in_log(const app::Context& context, const Decision& decision);

}  // namespace cdctl::actions
