#include <iterator>

#include <cdctl/plugin.hpp>

#include "plugins/git/git_doctor.hpp"
#include "plugins/git/git_source.hpp"

namespace {

using namespace cdctl::plugin;

constexpr RoleRow k_roles[] = {
    row<cdctl::Source, cdctl::git::GitSource>("git", "branch tag"),
    row<cdctl::Doctor, cdctl::git::GitDoctor>("git"),
};

}  // namespace

CDCTL_PLUGIN("git", CDCTL_PLUGIN_VERSION, "sources in git repositories", k_roles,
             std::size(k_roles), nullptr, 0, "", "");
