#pragma once

#include <cdctl/config.hpp>
#include <cdctl/roles/unit_log.hpp>
#include <cdctl/set_name.hpp>

#include "plugins/local/paths.hpp"

namespace cdctl::local {

/// `[local] log_keep`: how long the logs of a reaped set stay; 0: they go with it. Exit code
/// `config`.
[[nodiscard]] Result<Millis> log_keep(const Config& config);

/// Puts the logs of a set that is stopped aside, below `logs/`, right before its folder is removed,
/// and removes those whose time is over, the oldest first where they are more than 1 GiB. What
/// cannot be kept goes with the set: the error is for people, and a reap does not fail of it.
[[nodiscard]] Result<> keep_logs(const HomePaths& home, const SetName& set, Millis keep);

/// The process of each unit, as it was noted when the logs were put aside.
[[nodiscard]] std::map<std::string, std::string> kept_processes(const std::filesystem::path& logs);

}  // namespace cdctl::local
