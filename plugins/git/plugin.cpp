#include <iterator>

#include <cdctl/plugin.hpp>
#include <cdctl/shield.hpp>

#include "plugins/git/git_doctor.hpp"
#include "plugins/git/git_source.hpp"

namespace {

using namespace cdctl::plugin;

constexpr RoleRow k_roles[] = {
    {Role::source, "git", "branch tag", make<ShieldSource, cdctl::git::GitSource>},
    {Role::doctor, "git", "", make<ShieldDoctor, cdctl::git::GitDoctor>},
};

}  // namespace

CDCTL_PLUGIN("git", CDCTL_PLUGIN_VERSION, "sources in git repositories", k_roles,
             std::size(k_roles), nullptr, 0, "", "");
