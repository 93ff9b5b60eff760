#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include <cdctl/error.hpp>
#include <cdctl/json.hpp>

#include "core/app/context.hpp"
#include "core/records/outcome.hpp"

namespace cdctl::app {

/// What an actor does with one thing, until it becomes a `cdctl.outcome/1` record. It takes from
/// here until it is written. Who derives from it says what the thing is.
class OutcomeDraft {
 public:
  /// Notes that something was or would be changed.
  void changed(bool yes = true) { record_.changed = record_.changed || yes; }
  void why(std::string_view text) { record_.why = text; }
  /// A further member of the record.
  void set(std::string_view key, Json value) { record_.more.set(key, std::move(value)); }
  void fail_with(const Error& error) {
    if (!error_) error_ = error;
  }
  [[nodiscard]] bool has_changed() const { return record_.changed; }
  [[nodiscard]] bool ok() const { return !error_; }
  [[nodiscard]] ExitCode exit() const { return error_ ? error_->exit : ExitCode::done; }
  [[nodiscard]] bool dry_run() const { return record_.dry_run; }

 protected:
  OutcomeDraft(Context& context, std::string_view action, bool dry_run);
  ~OutcomeDraft() = default;
  /// Writes the record and, if that is wanted, appends it to the log of the home; reports the error
  /// with `what` in front of it, or counts it alone where that is empty.
  void write(const std::string& what, bool keep);

  records::Outcome record_;

 private:
  Context& context_;
  std::optional<Error> error_;
  std::chrono::steady_clock::time_point begun_ = std::chrono::steady_clock::now();
};

}  // namespace cdctl::app
