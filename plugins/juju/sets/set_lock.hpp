#pragma once

#include <cdctl/error.hpp>
#include <cdctl/lock.hpp>
#include <cdctl/set_name.hpp>
#include <cdctl/time.hpp>

#include "plugins/juju/sets/home.hpp"

namespace cdctl::juju {

/// Takes the lock of a set on this machine, making its folder. Exit code `timeout` at the deadline;
/// `interrupted` or `terminated` when we were asked to stop meanwhile.
[[nodiscard]] Result<OfdLock> lock_set(const SetFolder& folder, const Deadline& deadline);
/// Removes what this machine keeps of a set whose lock is held, the lock last.
[[nodiscard]] Result<> remove_set_files(const Place& place, const SetName& set);

/// Waits `most`, or less at the deadline. An error when we were asked to stop; `doing` opens it.
[[nodiscard]] Result<> wait_a_while(Millis most, const Deadline& deadline, std::string_view doing);
/// We were asked to stop: exit code `interrupted` or `terminated`.
[[nodiscard]] Error stopped(std::string_view doing);

}  // namespace cdctl::juju
