#pragma once

#include "plugins/juju/model/status.hpp"

namespace cdctl::juju {

/// Judges each unit, and from them each application. Whoever reads a cut out of it must know:
/// - bad is only what Juju says of a unit it is in touch with, or that one agent among others is
/// lost;
/// - unknown is what Juju could not read, words that cdctl does not know, a charm that says nothing
/// of itself, and all units
///   when every agent is lost at once (then the controller has lost them, or has just been
///   started).
void judge(ModelStatus& model);

}  // namespace cdctl::juju
