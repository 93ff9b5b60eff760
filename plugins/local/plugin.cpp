#include <cdctl/shield.hpp>

#include "plugins/local/engine.hpp"
#include "plugins/local/feed.hpp"
#include "plugins/local/memory.hpp"
#include "plugins/local/probe.hpp"

namespace {

using namespace cdctl;
using plugin::Role;

constexpr plugin::RoleRow k_roles[] = {
    {Role::engine, "local", "", &plugin::make<plugin::ShieldEngine, local::LocalEngine>},
    {Role::memory, "local", "", &plugin::make<plugin::ShieldMemory, local::LocalMemory>},
    {Role::feed, "local", "", &plugin::make<plugin::ShieldFeed, local::LocalFeed>},
    {Role::probe, "local", "", &plugin::make<plugin::ShieldProbe, local::LocalProbe>},
};

}  // namespace

CDCTL_PLUGIN("local", CDCTL_PLUGIN_VERSION,
             "Sets as processes of this machine, with a memory and a feed in files", k_roles,
             std::size(k_roles), nullptr, 0, "home", "");
