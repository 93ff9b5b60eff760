#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <cdctl/roles.hpp>
#include <cdctl/set_name.hpp>

#include "core/app/context.hpp"
#include "core/app/outcome_draft.hpp"

namespace cdctl::actions {

/// What an actor did to one set: gathers the steps and becomes one `cdctl.outcome/1` record.
class Outcome : public app::OutcomeDraft {
 public:
  Outcome(app::Context& context, std::string_view action, const SetName& set, bool dry_run);

  /// Notes a step. False when it failed: the rest must not follow.
  bool step(const std::string& plugin, Result<Step> result);
  /// Nothing was to be done, and nobody asked for it by name: the log of the home has no use for
  /// it.
  void no_news() { no_news_ = true; }
  /// Writes the record, appends it to the log of the home, reports the error.
  void write() { OutcomeDraft::write(record_.set, !(no_news_ && ok() && !has_changed())); }

 private:
  bool no_news_ = false;
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
