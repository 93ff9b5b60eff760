#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include <cdctl/args.hpp>
#include <cdctl/error.hpp>
#include <cdctl/host.hpp>
#include <cdctl/time.hpp>

namespace cdctl::juju {

/// How to reach a controller.
struct Access {
  std::string controller;                ///< empty: the one that juju has chosen
  std::filesystem::path data;            ///< JUJU_DATA
  std::filesystem::path private_parent;  ///< where the private copies of it are made
  bool snap = false;  ///< juju is a snap: it sees no other temporary folder than its own
  Millis timeout = std::chrono::seconds(20);  ///< of one call, repeats included
  Deadline until;                             ///< of all calls together
  bool last_words = false;  ///< a stop request ends none of its calls: for what is said on the way
                            ///< out, with a short `until`
};

/// From the options --controller and --timeout, `[juju] controller` and `[juju] data` of cdctl.toml
/// (relative to its folder), and what Juju itself goes by: $JUJU_DATA, else $XDG_DATA_HOME/juju,
/// else ~/.local/share/juju. Exit code `usage` or `config` when one of them is wrong.
[[nodiscard]] Result<Access> read_access(const Host& host, const Arguments& args);

/// The access with no more time for a call than is left. Exit code `timeout` when none is.
[[nodiscard]] Result<Access> access_within(const Access& access, const Deadline& deadline,
                                           std::string_view attempt);

}  // namespace cdctl::juju
