#pragma once

#include <map>
#include <span>
#include <string>

#include <cdctl/roles/switch.hpp>

#include "plugins/rabbit/broker/management.hpp"

namespace cdctl::rabbit {

/// Which of these services, all of one broker and virtual host, have messages in a queue that
/// nobody consumes. Dead letters are for people and do not count. The broker's statistics may be
/// seconds old: what they accuse is asked once more for what is so now.
[[nodiscard]] Result<std::map<std::string, Backlog>> stuck_services(
    Management& management, std::span<const ServiceConfig* const> services,
    const Deadline& deadline);

}  // namespace cdctl::rabbit
