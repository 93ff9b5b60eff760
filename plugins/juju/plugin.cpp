#include <cdctl/plugin.hpp>

#include "plugins/juju/commands/record_rows.hpp"
#include "plugins/juju/commands/rows.hpp"
#include "plugins/juju/engine/doctor.hpp"
#include "plugins/juju/engine/engine.hpp"
#include "plugins/juju/engine/probe.hpp"

namespace {

using namespace cdctl;

constexpr plugin::RoleRow k_roles[] = {
    plugin::row<Engine, juju::JujuEngine>("juju"),
    plugin::row<Doctor, juju::JujuDoctor>("juju"),
    plugin::row<Probe, juju::JujuProbe>("juju"),
};

constexpr const char* k_service_keys =
    "isolation model application cloud credential model_config amqp amqp_as storage cut "
    "force_after no_wait_after give_up_after";

}  // namespace

CDCTL_PLUGIN("juju", CDCTL_PLUGIN_VERSION,
             "sets on models of a Juju controller, and what runs there", k_roles,
             std::size(k_roles), cdctl::juju::k_commands.data(), cdctl::juju::k_commands.size(),
             "controller data", k_service_keys, cdctl::juju::k_records.data(),
             cdctl::juju::k_records.size());
