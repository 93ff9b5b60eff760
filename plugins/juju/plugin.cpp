#include <cdctl/plugin.hpp>

#include "command_rows.hpp"

CDCTL_PLUGIN("juju", "0.1.0", "sees what a Juju controller runs", nullptr, 0, cdctl::juju::k_commands.data(), cdctl::juju::k_commands.size(), "controller data", "");
