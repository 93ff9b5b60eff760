#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <cdctl/host.hpp>
#include <cdctl/time.hpp>

#include "plugins/local/paths.hpp"

namespace cdctl::local {

/// The words in front of the supervisor's: a systemd scope of its own where systemd runs, since
/// otherwise it would end with the timer's service or the login that started it. Empty elsewhere.
[[nodiscard]] std::vector<std::string> scope_words(bool systemd_runs, bool root);
[[nodiscard]] bool systemd_runs();

/// Starts `libexec/cdctl-supervise` for the set, detached, and waits for its word that the units
/// are started. Where the scope cannot be had it is started without, and the host is told.
[[nodiscard]] Result<> launch(Host& host, const SetPaths& paths,
                              const std::vector<std::string>& scope, const Deadline& deadline);

}  // namespace cdctl::local
