#pragma once

#include <string>
#include <string_view>

#include <cdctl/error.hpp>
#include <cdctl/time.hpp>

#include "plugins/local/paths.hpp"

namespace cdctl::local {

/// Asks the supervisor of a set and returns its answer: the status, or `ok` as an empty text. Exit
/// code `unknown` when nobody listens, `timeout` when it does not answer in time (stopped, hung),
/// `failed` with what it said went wrong.
[[nodiscard]] Result<std::string> ask(const SetPaths& paths, std::string_view command,
                                      const Deadline& deadline);

/// The same for a command that may take its time: a supervisor that does not even tell its status
/// within a second is not waited for any longer.
[[nodiscard]] Result<std::string> ask_if_awake(const SetPaths& paths, std::string_view command,
                                               const Deadline& deadline);

}  // namespace cdctl::local
