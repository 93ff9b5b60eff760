#pragma once

#include <array>

#include <cdctl/rows.hpp>

// The keys of [local]. Included by plugin.cpp alone.

namespace cdctl::local {

using plugin::KeyRow;
using enum plugin::KeyPlace;

constexpr std::array k_keys{
    KeyRow{file, "local", "table", "", "{ home = \"/var/lib/cdctl\" }", "all",
           "The engine of this machine"},
    KeyRow{file, "local.home", "text", "~/.local/state/cdctl; root: /var/lib/cdctl",
           "\"/srv/cdctl\"", "all",
           "Where the sets of this machine, caches and positions are; $CDCTL_HOME goes first"},
    KeyRow{file, "local.log_keep", "duration", "7d", "\"2d\"", "all",
           "How long the logs of a set stay after it is reaped; 0 keeps none"},
};

}  // namespace cdctl::local
