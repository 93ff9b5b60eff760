#include <cdctl/plugin.hpp>

#include "plugins/git/git_doctor.hpp"
#include "plugins/git/git_setup.hpp"
#include "plugins/git/git_source.hpp"

namespace {

using namespace cdctl::plugin;

constexpr RoleRow k_roles[] = {
    row<cdctl::Source, cdctl::git::GitSource>("git", "branch tag"),
    row<cdctl::Doctor, cdctl::git::GitDoctor>("git"),
    row<cdctl::Setup, cdctl::git::GitSetup>("git"),
};

}  // namespace

CDCTL_PLUGIN(.name = "git", .version = CDCTL_PLUGIN_VERSION,
             .summary = "sources in git repositories", .roles = k_roles);
