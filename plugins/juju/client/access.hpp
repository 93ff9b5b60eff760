#pragma once

#include <cdctl/args.hpp>
#include <cdctl/host.hpp>

#include "plugins/juju/client/call.hpp"

namespace cdctl::juju {

/// From the options --controller and --timeout, `[juju] controller` and `[juju] data` of cdctl.toml
/// (relative to its folder), and what Juju itself goes by: $JUJU_DATA, else $XDG_DATA_HOME/juju,
/// else ~/.local/share/juju. Exit code `usage` or `config` when one of them is wrong.
[[nodiscard]] Result<Access> read_access(const Host& host, const Arguments& args);

}  // namespace cdctl::juju
