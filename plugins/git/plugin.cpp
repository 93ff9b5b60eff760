#include <cdctl/plugin.hpp>
#include <cdctl/shield.hpp>

#include "git_source.hpp"

namespace {

using namespace cdctl::plugin;

constexpr RoleRow k_roles[] = {
    {Role::source, "git", "branch tag", make<ShieldSource, cdctl::git::GitSource>},
};

}  // namespace

CDCTL_PLUGIN("git", "0.1.0", "sources in git repositories", k_roles, 1, nullptr, 0, "", "");
