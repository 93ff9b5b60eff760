#include <cdctl/plugin.hpp>

#include "plugins/launchpad/keys.hpp"
#include "plugins/launchpad/launchpad_doctor.hpp"
#include "plugins/launchpad/launchpad_forge.hpp"

namespace {

using namespace cdctl::plugin;

constexpr RoleRow k_roles[] = {
    row<cdctl::Forge, cdctl::launchpad::LaunchpadForge>("launchpad"),
    row<cdctl::Doctor, cdctl::launchpad::LaunchpadDoctor>("launchpad"),
};

}  // namespace

CDCTL_PLUGIN(.name = "launchpad", .version = CDCTL_PLUGIN_VERSION,
             .summary = "Launchpad: merge proposals that land", .roles = k_roles,
             .keys = cdctl::launchpad::k_keys);
