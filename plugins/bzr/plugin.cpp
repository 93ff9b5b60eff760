#include <cdctl/plugin.hpp>
#include <cdctl/shield.hpp>

#include "plugins/bzr/bzr_source.hpp"

namespace {

using namespace cdctl::plugin;

constexpr RoleRow k_roles[] = {
    {Role::source, "bzr", "", make<ShieldSource, cdctl::bzr::BzrSource>},
};

}  // namespace

CDCTL_PLUGIN("bzr", CDCTL_PLUGIN_VERSION, "sources in Bazaar branches", k_roles, 1, nullptr, 0, "",
             "");
