#include <cdctl/plugin.hpp>

#include "plugins/juju/commands/record_rows.hpp"
#include "plugins/juju/commands/rows.hpp"
#include "plugins/juju/engine/doctor.hpp"
#include "plugins/juju/engine/engine.hpp"
#include "plugins/juju/engine/probe.hpp"
#include "plugins/juju/keys.hpp"
#include "plugins/juju/setup.hpp"

namespace {

using namespace cdctl;

constexpr plugin::RoleRow k_roles[] = {
    plugin::row<Engine, juju::JujuEngine>("juju"),
    plugin::row<Doctor, juju::JujuDoctor>("juju"),
    plugin::row<Probe, juju::JujuProbe>("juju"),
    plugin::row<Setup, juju::JujuSetup>("juju"),
};

}  // namespace

CDCTL_PLUGIN(.name = "juju", .version = CDCTL_PLUGIN_VERSION,
             .summary = "sets on models of a Juju controller, and what runs there",
             .roles = k_roles, .commands = juju::k_commands, .keys = cdctl::juju::k_keys,
             .records = cdctl::juju::k_records);
