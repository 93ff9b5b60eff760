#include <cdctl/plugin.hpp>

#include "plugins/bzr/bzr_forge.hpp"
#include "plugins/bzr/bzr_repository.hpp"
#include "plugins/bzr/bzr_setup.hpp"
#include "plugins/bzr/bzr_source.hpp"
#include "plugins/bzr/keys.hpp"

namespace {

using namespace cdctl::plugin;

constexpr RoleRow k_roles[] = {
    row<cdctl::Source, cdctl::bzr::BzrSource>("bzr"),
    row<cdctl::Setup, cdctl::bzr::BzrSetup>("bzr"),
    row<cdctl::Forge, cdctl::bzr::BzrForge>("bzr"),
    row<cdctl::Repository, cdctl::bzr::BzrRepository>("bzr"),
};

}  // namespace

CDCTL_PLUGIN(.name = "bzr", .version = CDCTL_PLUGIN_VERSION,
             .summary = "Breezy branches: sources, and proposals that land", .roles = k_roles,
             .keys = cdctl::bzr::k_keys);
