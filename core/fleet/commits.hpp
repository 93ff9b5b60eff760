#pragma once

#include <optional>
#include <string>

#include <cdctl/config.hpp>
#include <cdctl/roles/commit_log.hpp>
#include <cdctl/set_name.hpp>
#include <cdctl/source.hpp>
#include <cdctl/time.hpp>

#include "core/app/context.hpp"

namespace cdctl::fleet {

/// Who can tell the commits of sources of a kind; null where nobody can.
[[nodiscard]] CommitLog* commit_log(app::Context& context, const std::string& kind);

/// What this machine knows of the commits that sources stand at, by source: `revision`, `subject`,
/// `author`, `committed_at`. Nobody is asked over a network.
[[nodiscard]] Json known_commits(app::Context& context, const ServiceConfig& service,
                                 const Sources& sources, const Deadline& deadline);

/// Says in the `sources` of a record what is known of those at the same revision.
void add_commits(Json& record, const Json& commits);
/// The same as a list, each with its `source`: of an outcome.
[[nodiscard]] Json commit_list(const Json& commits);

}  // namespace cdctl::fleet
