#pragma once

#include <string>
#include <vector>

#include <cdctl/target.hpp>
#include <cdctl/time.hpp>

#include "core/app/context.hpp"

namespace cdctl::land {

/// The target of this name. Exit code `failed`, with the nearest name, where there is none; `usage`
/// for what can be no name, `config` where its file cannot be used.
[[nodiscard]] Result<const TargetConfig*> find_target(const app::Context& context,
                                                      const std::string& name);

/// The targets that are named, or all. Exit codes of find_target() for one that
/// is none; `config` where there are none at all, or the file of a named one cannot be used. Where
/// all are meant, a target whose file cannot be used is an error record, and the others go on.
[[nodiscard]] Result<std::vector<const TargetConfig*>> asked_targets(
    app::Context& context, const std::vector<std::string>& names);

/// The target that is named; without a name the only one that there is. Exit code `usage`
/// otherwise.
[[nodiscard]] Result<const TargetConfig*> one_target(app::Context& context,
                                                     const std::string& name);

/// Somebody could not be asked about a target: the record that travels on, and the exit code.
void report_target(app::Context& context, const std::string& target, std::string_view doing,
                   const Error& error);

/// Writes the open proposals of targets. A forge is asked once for all of its own.
void write_proposals(app::Context& context, const std::vector<const TargetConfig*>& targets,
                     const Deadline& deadline);

}  // namespace cdctl::land
