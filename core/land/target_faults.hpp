#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include <cdctl/source.hpp>
#include <cdctl/target.hpp>
#include <cdctl/time.hpp>

#include "core/app/context.hpp"

namespace cdctl::land {

/// What is wrong with a target that is a good file, and would be found out at the next run.
struct TargetFault {
  std::string key;   ///< of its file
  std::string what;  ///< in words that name what they are about
};

/// What this machine can tell of a target by itself: files that its keys name, lines of reviewers
/// that let nobody vote, another target with the same proposals, and its repository and branch
/// where that is a folder of this machine. Nothing goes over a network.
[[nodiscard]] std::vector<TargetFault> faults_here(app::Context& context,
                                                   const TargetConfig& target,
                                                   const Deadline& deadline);

/// Whether its repository is a folder of this machine.
[[nodiscard]] bool is_here(const TargetConfig& target);

/// The newest revisions of the branches of targets, in the order asked, wherever they are.
[[nodiscard]] std::vector<Result<SourceState>> newest_of(
    app::Context& context, std::span<const TargetConfig* const> targets, const Deadline& deadline);
/// Whether what is asked of this kind of repository is a branch by its name.
[[nodiscard]] bool has_branches(app::Context& context, const TargetConfig& target);

/// The other target that means the same proposals, so that both would land them; nullptr when there
/// is none.
[[nodiscard]] const TargetConfig* same_proposals(app::Context& context, const TargetConfig& target);

/// How many people the reviewers' file of a target lets vote; empty where other files, or a server,
/// may let others.
[[nodiscard]] std::optional<std::size_t> voters_of(app::Context& context,
                                                   const TargetConfig& target);

}  // namespace cdctl::land
