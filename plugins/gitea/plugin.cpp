#include <cdctl/plugin.hpp>

#include "plugins/gitea/gitea_forge.hpp"
#include "plugins/gitea/keys.hpp"

namespace {

using namespace cdctl::plugin;

constexpr RoleRow k_roles[] = {
    row<cdctl::Forge, cdctl::gitea::GiteaForge>("gitea"),
    row<cdctl::Doctor, cdctl::gitea::GiteaDoctor>("gitea"),
};

}  // namespace

CDCTL_PLUGIN(.name = "gitea", .version = CDCTL_PLUGIN_VERSION,
             .summary = "Gitea: pull requests that land", .roles = k_roles,
             .keys = cdctl::gitea::k_keys);
