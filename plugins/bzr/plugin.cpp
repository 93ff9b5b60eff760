#include <cdctl/plugin.hpp>

#include "plugins/bzr/bzr_setup.hpp"
#include "plugins/bzr/bzr_source.hpp"

namespace {

using namespace cdctl::plugin;

constexpr RoleRow k_roles[] = {
    row<cdctl::Source, cdctl::bzr::BzrSource>("bzr"),
    row<cdctl::Setup, cdctl::bzr::BzrSetup>("bzr"),
};

}  // namespace

CDCTL_PLUGIN(.name = "bzr", .version = CDCTL_PLUGIN_VERSION,
             .summary = "sources in Bazaar branches", .roles = k_roles);
