#include <cdctl/plugin.hpp>

#include "plugins/mojo/commands/rows.hpp"
#include "plugins/mojo/records.hpp"
#include "plugins/mojo/run/deployer.hpp"

namespace {

using namespace cdctl::plugin;

constexpr RoleRow k_roles[] = {
    row<cdctl::Deployer, cdctl::mojo::MojoDeployer>("mojo"),
};

}  // namespace

CDCTL_PLUGIN("mojo", CDCTL_PLUGIN_VERSION,
             "deploys by the manifest of a Mojo spec, or by a Procfile", k_roles, 1,
             cdctl::mojo::k_commands.data(), cdctl::mojo::k_commands.size(), "root",
             "stage manifest series runner", cdctl::mojo::k_records.data(),
             cdctl::mojo::k_records.size());
