#include <cdctl/plugin.hpp>

CDCTL_PLUGIN("juju", "0.1.0", "sees what a Juju controller runs", nullptr, 0, nullptr, 0, "controller data", "");
