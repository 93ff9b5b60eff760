#include <cdctl/plugin.hpp>

#include "plugins/git/git_doctor.hpp"
#include "plugins/git/git_forge.hpp"
#include "plugins/git/git_repository.hpp"
#include "plugins/git/git_setup.hpp"
#include "plugins/git/git_source.hpp"
#include "plugins/git/keys.hpp"

namespace {

using namespace cdctl::plugin;

constexpr RoleRow k_roles[] = {
    row<cdctl::Source, cdctl::git::GitSource>("git", "branch tag"),
    row<cdctl::Doctor, cdctl::git::GitDoctor>("git"),
    row<cdctl::Setup, cdctl::git::GitSetup>("git"),
    row<cdctl::Forge, cdctl::git::GitForge>("git"),
    row<cdctl::Repository, cdctl::git::GitRepository>("git"),
};

}  // namespace

CDCTL_PLUGIN(.name = "git", .version = CDCTL_PLUGIN_VERSION,
             .summary = "git repositories: sources, and proposals that land", .roles = k_roles,
             .keys = cdctl::git::k_keys);
