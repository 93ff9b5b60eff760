#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/fleet/fleet.hpp"

namespace cdctl::fleet {

/// The broker that admits the sets of a service, and so can tell what they do there; empty when
/// there is none.
[[nodiscard]] std::string admitting_broker(app::Context& context, const ServiceConfig& service);

/// The last of these log lines that tells what a broker refuses, else the last one; empty when
/// there is none.
[[nodiscard]] std::string telling_line(const std::vector<std::string>& lines);

/// Why a set that is up is at no work, in the words of `ls`; empty text when it is at work, may
/// still be on its way, or nobody expects it to take messages; nothing when that could not be
/// asked. `since`: when its broker came up. Asks the set's engine where the broker says that it
/// does nothing.
[[nodiscard]] std::optional<std::string> idle_text(app::Context& context, const SetView& set,
                                                   const AtWork& work, std::optional<Time> since,
                                                   const Deadline& deadline);

/// The same of a set that its engine has just described, without a time for it to settle: for who
/// watches it start.
[[nodiscard]] std::string idle_now(const SetStatus& status, const AtWork& work);

}  // namespace cdctl::fleet
