#include <array>

#include <cdctl/plugin.hpp>
#include <cdctl/shield.hpp>

#include "plugins/rabbit/doctor.hpp"
#include "plugins/rabbit/feed/feed.hpp"
#include "plugins/rabbit/probe/probe.hpp"
#include "plugins/rabbit/store/memory.hpp"
#include "plugins/rabbit/switch/switch.hpp"

using namespace cdctl;
using namespace cdctl::plugin;

namespace {

constexpr std::array k_roles{
    RoleRow{Role::switch_, "rabbit", "", make<ShieldSwitch, rabbit::RabbitSwitch>},
    RoleRow{Role::memory, "rabbit", "", make<ShieldMemory, rabbit::RabbitMemory>},
    RoleRow{Role::feed, "rabbit", "", make<ShieldFeed, rabbit::RabbitFeed>},
    RoleRow{Role::doctor, "rabbit", "", make<ShieldDoctor, rabbit::RabbitDoctor>},
    RoleRow{Role::probe, "rabbit", "", make<ShieldProbe, rabbit::RabbitProbe>},
};

}  // namespace

CDCTL_PLUGIN("rabbit", CDCTL_PLUGIN_VERSION,
             "Cut worker sets off from RabbitMQ, and carry their signals over it", k_roles.data(),
             k_roles.size(), nullptr, 0,
             "management amqp vhost user password_file password_env password_command ca_file "
             "feed_max_age feed_max_bytes brokers",
             "queues exchanges publish max_connections broker vhost");
