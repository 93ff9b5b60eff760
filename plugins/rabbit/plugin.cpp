#include <array>

#include <cdctl/plugin.hpp>

#include "plugins/rabbit/doctor.hpp"
#include "plugins/rabbit/feed/feed.hpp"
#include "plugins/rabbit/keys.hpp"
#include "plugins/rabbit/probe/probe.hpp"
#include "plugins/rabbit/setup.hpp"
#include "plugins/rabbit/store/memory.hpp"
#include "plugins/rabbit/switch/switch.hpp"

using namespace cdctl;
using namespace cdctl::plugin;

namespace {

constexpr std::array k_roles{
    row<Switch, rabbit::RabbitSwitch>("rabbit"), row<Memory, rabbit::RabbitMemory>("rabbit"),
    row<Feed, rabbit::RabbitFeed>("rabbit"),     row<Doctor, rabbit::RabbitDoctor>("rabbit"),
    row<Probe, rabbit::RabbitProbe>("rabbit"),   row<Setup, rabbit::RabbitSetup>("rabbit"),
};

}  // namespace

CDCTL_PLUGIN(.name = "rabbit", .version = CDCTL_PLUGIN_VERSION,
             .summary = "Cut worker sets off from RabbitMQ, and carry their signals over it",
             .roles = k_roles, .keys = cdctl::rabbit::k_keys, .unit_env = "AMQP_URL");
