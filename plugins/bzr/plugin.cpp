#include <cdctl/plugin.hpp>

#include "plugins/bzr/bzr_source.hpp"

namespace {

using namespace cdctl::plugin;

constexpr RoleRow k_roles[] = {
    row<cdctl::Source, cdctl::bzr::BzrSource>("bzr"),
};

}  // namespace

CDCTL_PLUGIN("bzr", CDCTL_PLUGIN_VERSION, "sources in Bazaar branches", k_roles, 1, nullptr, 0, "",
             "");
