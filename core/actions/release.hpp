#pragma once

#include <optional>
#include <utility>

#include <cdctl/roles.hpp>
#include <cdctl/set_name.hpp>
#include <cdctl/time.hpp>

#include "core/actions/outcome.hpp"
#include "core/actions/set_transaction.hpp"
#include "core/app/context.hpp"

namespace cdctl::actions {

/// What a revision does once, before its units: a `release:` line of its Procfile. The memory says
/// whether it was done, so that it is once over all homes that share that memory; it is noted as
/// begun before and as done after it, so that a kill in between has it run again. Two of one
/// service never run at once.
class Release {
 public:
  Release(app::Context& context, SetName set, SetTransaction& transaction, Outcome& outcome,
          const Deadline& deadline)
      : context_(context),
        set_(std::move(set)),
        transaction_(transaction),
        outcome_(outcome),
        deadline_(deadline) {}

  /// Runs the only process of `workload` where this revision has not done so; what it says goes
  /// into the outcome, through `hide`. Its failure is the error.
  [[nodiscard]] Result<> run(Claim& claim, const Workload& workload, const Hide& hide);

 private:
  [[nodiscard]] Result<> note(std::optional<Time> begun, std::optional<Time> done,
                              const Deadline& deadline);
  void tell(const Ran& ran, Millis took, const Hide& hide);

  app::Context& context_;
  SetName set_;
  SetTransaction& transaction_;
  Outcome& outcome_;
  Deadline deadline_;
};

}  // namespace cdctl::actions
