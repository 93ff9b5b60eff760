#include <cdctl/plugin.hpp>

#include "plugins/mojo/commands/rows.hpp"
#include "plugins/mojo/keys.hpp"
#include "plugins/mojo/records/records.hpp"
#include "plugins/mojo/run/deployer.hpp"
#include "plugins/mojo/setup.hpp"

namespace {

using namespace cdctl::plugin;

constexpr RoleRow k_roles[] = {
    row<cdctl::Deployer, cdctl::mojo::MojoDeployer>("mojo"),
    row<cdctl::Setup, cdctl::mojo::MojoSetup>("mojo"),
};

}  // namespace

CDCTL_PLUGIN(.name = "mojo", .version = CDCTL_PLUGIN_VERSION,
             .summary = "deploys by the manifest of a Mojo spec, or by a Procfile",
             .roles = k_roles, .commands = cdctl::mojo::k_commands, .keys = cdctl::mojo::k_keys,
             .records = cdctl::mojo::k_records);
