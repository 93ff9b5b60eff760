#pragma once

#include <string>
#include <vector>

#include <cdctl/child.hpp>
#include <cdctl/error.hpp>

namespace cdctl::bzr {

/// Runs `brz` with these words: no terminal to ask on, no log file, messages in English. What it
/// wrote to stdout; an end other than success is an error of explain(). Exit code `unknown` when
/// brz is not installed.
[[nodiscard]] Result<std::string> brz_output(std::vector<std::string> words,
                                             const Deadline& deadline);

/// Turns brz's complaint into one line. Exit code `unknown`; a passed deadline is `timeout`, a
/// revision that is not there `failed`. `transient` when the server could not be reached.
[[nodiscard]] Error explain(const Finished& finished);

}  // namespace cdctl::bzr
