#pragma once

#include <string>

#include <cdctl/set_name.hpp>

#include "core/actions/set_transaction.hpp"
#include "core/app/context.hpp"
#include "core/fleet/set_view.hpp"

namespace cdctl::actions {

/// A home that is gone for good, a person says: whether that can be true of the one that a set
/// lives in. What works there may be away for a moment only.
class GoneHome {
 public:
  /// `named`: the home that the person gave up. All that is referred to outlives this.
  GoneHome(app::Context& context, const SetName& set, const std::string& named,
           SetTransaction& transaction, const Deadline& deadline)
      : context_(context),
        set_(set),
        named_(named),
        transaction_(transaction),
        deadline_(deadline) {}

  /// It has to be the one that the memory names, and no place that is here; else exit code
  /// `refused`.
  [[nodiscard]] Result<> check_named(const fleet::SetView& set) const;
  /// Nobody of that home holds a connection, and all of it have had the time to connect again; else
  /// exit code `refused`. The transaction has been opened.
  [[nodiscard]] Result<> check_silent(const fleet::SetView& set);

 private:
  app::Context& context_;
  const SetName& set_;
  const std::string& named_;
  SetTransaction& transaction_;
  const Deadline& deadline_;
};

}  // namespace cdctl::actions
