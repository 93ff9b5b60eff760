#include <cdctl/plugin.hpp>

#include "plugins/github/github_forge.hpp"
#include "plugins/github/keys.hpp"

namespace {

using namespace cdctl::plugin;

constexpr RoleRow k_roles[] = {
    row<cdctl::Forge, cdctl::github::GithubForge>("github"),
    row<cdctl::Doctor, cdctl::github::GithubDoctor>("github"),
};

}  // namespace

CDCTL_PLUGIN(.name = "github", .version = CDCTL_PLUGIN_VERSION,
             .summary = "GitHub: pull requests that land", .roles = k_roles,
             .keys = cdctl::github::k_keys);
