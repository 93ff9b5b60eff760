#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include <cdctl/error.hpp>
#include <cdctl/json.hpp>

#include "core/app/context.hpp"

namespace cdctl::land {

/// What was done with one proposal of a target: becomes one `cdctl.outcome/1` record. It takes from
/// here until it is written.
class TargetOutcome {
 public:
  TargetOutcome(app::Context& context, std::string_view action, std::string target,
                std::string proposal, bool dry_run)
      : context_(context),
        action_(action),
        target_(std::move(target)),
        proposal_(std::move(proposal)),
        dry_run_(dry_run) {}

  /// A proposal that got its name on the way.
  void name(std::string proposal) { proposal_ = std::move(proposal); }
  void changed(bool yes = true) { changed_ = changed_ || yes; }
  void why(std::string_view text) { why_ = text; }
  /// A further member of the record.
  void set(std::string_view key, Json value) { more_.set(key, std::move(value)); }
  void fail_with(const Error& error) {
    if (!error_) error_ = error;
  }
  /// Its error was told by the command before in the pipe: it counts, and has no second line.
  void said_upstream() { quiet_ = true; }
  /// Nothing is new since a run before: the same, and the log of the home has it already, too.
  void no_news() { quiet_ = no_news_ = true; }
  /// Writes the record, appends it to the log of the home, reports the error.
  void write();

 private:
  app::Context& context_;
  std::string action_, target_, proposal_;
  bool dry_run_, changed_ = false, quiet_ = false, no_news_ = false;
  std::string why_;
  Json more_ = Json::object();
  std::optional<Error> error_;
  std::chrono::steady_clock::time_point begun_ = std::chrono::steady_clock::now();
};

}  // namespace cdctl::land
