#pragma once

#include <optional>
#include <string>
#include <vector>

#include <cdctl/set_name.hpp>
#include <cdctl/source.hpp>
#include <cdctl/time.hpp>

#include "plugins/juju/sets/tags.hpp"

namespace cdctl::juju {

/// What a model says of its set, in the tags `cdctl-…`.
struct Metadata {
  std::string set;    ///< empty: the model is not ours
  std::string state;  ///< deploying, live, partial, reaping
  Sources sources;    ///< without their urls, which can hold tokens
  std::optional<Time> deployed_at;
  std::string by;              ///< who deployed it last
  std::optional<Time> until;   ///< deploying: when that deploy must have ended
  std::string machine, claim;  ///< deploying: whose lock it holds, and which of its deploys it is
  std::optional<Time> served;  ///< since when it was live for the first time
  std::optional<std::int64_t> units;
  std::optional<Time> reaping_since;

  /// The deploy that claimed it may still be at work, as far as the tags tell.
  [[nodiscard]] bool leased(Time at) const;
};

[[nodiscard]] Metadata metadata_of(const Tags& tags);
/// The tags with ours replaced. Tags of others, and what a cut remembers, stay.
[[nodiscard]] Tags with_metadata(Tags tags, const Metadata& metadata);

// Of a set that is an application of a shared model there is the tag `cdctl-work-SET`, while it is
// not live or is being reaped: `STATE+DEPLOYED_AT+UNTIL+MACHINE+CLAIM+REAPING_SINCE+BY`. A live one
// needs none, so that a model can hold many sets.

/// With `state` empty where there is no such tag.
[[nodiscard]] Metadata work_of(const Tags& tags, const SetName& set);
/// No tag for a state that is empty or `live`.
[[nodiscard]] Tags with_work(Tags tags, const SetName& set, const Metadata& work);
/// The sets that have one.
[[nodiscard]] std::vector<SetName> sets_at_work(const Tags& tags);
/// What a cut of a set remembers: its key, `cdctl-cut-SET` in a shared model.
[[nodiscard]] std::string cut_key(std::string_view set, bool shares_model);

}  // namespace cdctl::juju
