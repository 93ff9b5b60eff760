#pragma once

#include <optional>
#include <string>
#include <vector>

#include <cdctl/config.hpp>
#include <cdctl/json.hpp>
#include <cdctl/time.hpp>

#include "core/fleet/fleet.hpp"
#include "core/records/set.hpp"

namespace cdctl::actions {

/// A set as the policy sees it: from a `cdctl.set/1` record, or from a fresh look.
struct Candidate {
  std::string set;
  std::string state;        ///< empty = unknown
  std::optional<bool> cut;  ///< empty = unknown
  std::optional<bool> served;
  std::optional<Time> deployed_at, mended_at, cut_at;
  bool here = true;      ///< its engine answered: it can be reaped from here
  bool foreign = false;  ///< its service is not configured here
  bool ghost = false;    ///< its home has lost it
  bool stalled = false;  ///< `live`, and no unit works, or nobody could ask: its user is gone, they
                         ///< were left stopped, or are idle
  bool held_out = false;              ///< a person has turned away from its revision
  std::optional<Time> first_at = {};  ///< when its revision came first, where that was earlier
};

struct Judgement {
  bool stale = false;
  std::string why;  ///< why it is stale, or why it is kept
};

/// Which sets of one service nobody needs: pure, the same for `stale` and for the check just before
/// a reap. The sets may come in any order; the answers are in the same one.
///
/// Never marked: the newest set, and the newest revision where an older one was made again after
/// it; the newest proven set while everything newer is unproven or cut; and a set of which anything
/// that matters is unknown. Cut sets do not count towards `keep`, nor do those that are held out:
/// what a person has rolled back to stays.
[[nodiscard]] std::vector<Judgement> judge(const std::vector<Candidate>& sets,
                                           const ReaperPolicy& policy, Time at);

[[nodiscard]] Candidate candidate_from(const Json& set_record);
[[nodiscard]] Candidate candidate_from(const fleet::SetView& set);
/// A policy as the mark of `stale` carries it.
[[nodiscard]] records::Policy policy_record(const ReaperPolicy& policy);
/// Exit code `failed` for one that cannot be gone by.
[[nodiscard]] Result<ReaperPolicy> policy_of(const records::Policy& record);
[[nodiscard]] inline Result<ReaperPolicy> policy_from_json(const Json& json) {
  return policy_of(records::decode<records::Policy>(json));
}

}  // namespace cdctl::actions
