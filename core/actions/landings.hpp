#pragma once

#include <cdctl/roles/memory.hpp>
#include <cdctl/set_name.hpp>
#include <cdctl/source.hpp>
#include <cdctl/time.hpp>

#include "core/actions/outcome.hpp"
#include "core/app/context.hpp"

namespace cdctl::actions {

/// Tells in the record of a deploy which proposals the set has brought, and keeps that with it, so
/// that a cut names them without asking anybody. It serves people: what cannot be read is not told.
void tell_landings(app::Context& context, const SetName& set, const Sources& sources,
                   Memory& memory, const Deadline& deadline, Outcome& outcome);
/// The same of a set that was deployed from this home.
void tell_landings(const app::Context& context, const SetName& set, Outcome& outcome);

/// Tells in the record of a deploy which commits the set is made of, by what its checkouts have
/// brought here, and keeps that with it in the same way.
void tell_commits(app::Context& context, const ServiceConfig& service, const SetName& set,
                  const Sources& sources, const Deadline& deadline, Outcome& outcome);
void tell_commits(const app::Context& context, const SetName& set, Outcome& outcome);

}  // namespace cdctl::actions
