#include <cdctl/plugin.hpp>

#include "plugins/gitlab/gitlab_forge.hpp"
#include "plugins/gitlab/keys.hpp"

namespace {

using namespace cdctl::plugin;

constexpr RoleRow k_roles[] = {
    row<cdctl::Forge, cdctl::gitlab::GitlabForge>("gitlab"),
    row<cdctl::Doctor, cdctl::gitlab::GitlabDoctor>("gitlab"),
};

}  // namespace

CDCTL_PLUGIN(.name = "gitlab", .version = CDCTL_PLUGIN_VERSION,
             .summary = "GitLab: merge requests that land", .roles = k_roles,
             .keys = cdctl::gitlab::k_keys);
