#include <cdctl/plugin.hpp>

#include "plugins/local/engine.hpp"
#include "plugins/local/feed.hpp"
#include "plugins/local/keys.hpp"
#include "plugins/local/memory.hpp"
#include "plugins/local/probe.hpp"

namespace {

using namespace cdctl;

constexpr plugin::RoleRow k_roles[] = {
    plugin::row<Engine, local::LocalEngine>("local"),
    plugin::row<Memory, local::LocalMemory>("local"),
    plugin::row<Feed, local::LocalFeed>("local"),
    plugin::row<Probe, local::LocalProbe>("local"),
};

}  // namespace

CDCTL_PLUGIN(.name = "local", .version = CDCTL_PLUGIN_VERSION,
             .summary = "Sets as processes of this machine, with a memory and a feed in files",
             .roles = k_roles, .keys = cdctl::local::k_keys);
