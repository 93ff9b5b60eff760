#include "core/actions/stale_policy.hpp"

#include <algorithm>
#include <numeric>

#include <fmt/format.h>

namespace cdctl::actions {

Candidate candidate_from(const Json& record) {
  const auto flag = [&](const char* key) {
    return record[key].is_bool() ? std::optional(record[key].as_bool()) : std::nullopt;
  };
  return {record["set"].as_string(),
          record["state"].as_string(),
          flag("cut"),
          flag("served"),
          parse_rfc3339(record["deployed_at"].view()),
          parse_rfc3339(record["mended_at"].view()),
          parse_rfc3339(record["cut_at"].view()),
          !record["units"].is_null()};
}

Json to_json(const ReaperPolicy& policy) {
  const auto seconds = [](Millis time) { return static_cast<double>(time.count()) / 1000; };
  return Json::object({{"keep", policy.keep},
                       {"min_age_s", seconds(policy.min_age)},
                       {"prove_for_s", seconds(policy.prove_for)},
                       {"cut_grace_s", seconds(policy.cut_grace)},
                       {"failed_grace_s", seconds(policy.failed_grace)}});
}

Result<ReaperPolicy> policy_from_json(const Json& json) {
  ReaperPolicy out;
  if (!json["keep"].is_int() || json["keep"].as_int() < 0)
    return fail("the mark holds no usable policy");
  out.keep = json["keep"].as_int();
  const auto read = [&](const char* key, Millis& into) {
    const auto& value = json[key];
    if (!value.is_number() || value.as_double() < 0 || value.as_double() > 3e9) return false;
    into = Millis(static_cast<std::int64_t>(value.as_double() * 1000));
    return true;
  };
  if (!read("min_age_s", out.min_age) || !read("prove_for_s", out.prove_for) ||
      !read("cut_grace_s", out.cut_grace) || !read("failed_grace_s", out.failed_grace))
    return fail("the mark holds no usable policy");
  return out;
}

namespace {

bool live(const Candidate& set) { return set.state == "live" && set.cut == false; }

Time serving_since(const Candidate& set) {
  return std::max(set.deployed_at.value_or(Time()), set.mended_at.value_or(Time()));
}

std::string old_enough(Millis age, Millis least) {
  return age >= least ? "" : fmt::format("younger than {}", to_duration(least));
}

/// Indexes, newest first.
std::vector<std::size_t> by_age(const std::vector<Candidate>& sets) {
  std::vector<std::size_t> order(sets.size());
  std::iota(order.begin(), order.end(), 0);
  std::ranges::stable_sort(order, [&](std::size_t a, std::size_t b) {
    return std::pair(sets[a].deployed_at.value_or(Time()), sets[a].set) >
           std::pair(sets[b].deployed_at.value_or(Time()), sets[b].set);
  });
  return order;
}

Judgement judge_one(const Candidate& set, const ReaperPolicy& policy, Time at,
                    std::int64_t newer_live) {
  if (set.state.empty() || !set.cut || !set.deployed_at || !set.here)
    return {false, "its state could not be read"};
  if (set.state == "deploying") return {false, "it is being deployed"};
  if (set.state == "reaping") return {true, "its reaping did not finish"};
  const auto age = at - *set.deployed_at;
  if (*set.cut) {
    if (auto young = old_enough(at - set.cut_at.value_or(*set.deployed_at), policy.cut_grace);
        !young.empty())
      return {false, "cut, kept for an autopsy: " + young};
    return {true, "cut and not the newest"};
  }
  if (!set.served.value_or(true)) {
    if (auto young = old_enough(age, policy.failed_grace); !young.empty())
      return {false, "it never served: " + young};
    return {true, "it never served"};
  }
  if (auto young = old_enough(age, policy.min_age); !young.empty()) return {false, young};
  if (newer_live < policy.keep)
    return {false, live(set) ? fmt::format("one of the {} newest live sets", policy.keep)
                             : fmt::format("fewer than {} newer live sets", policy.keep)};
  return {true, fmt::format("{} newer live set{}, keep {}", newer_live, newer_live == 1 ? "" : "s",
                            policy.keep)};
}

}  // namespace

std::vector<Judgement> judge(const std::vector<Candidate>& sets, const ReaperPolicy& policy,
                             Time at) {
  std::vector<Judgement> out(sets.size());
  const auto order = by_age(sets);
  std::int64_t newer_live = 0;
  bool fallback_found = false;
  for (std::size_t i = 0; i < order.size(); ++i) {
    const auto& set = sets[order[i]];
    auto& judgement = out[order[i]];
    judgement = judge_one(set, policy, at, newer_live);
    const bool proven = live(set) && at - serving_since(set) >= policy.prove_for;
    if (i == 0)
      judgement = {false, "the newest: the mark that this revision has been tried"};
    else if (proven && !fallback_found && judgement.stale)
      judgement = {false, "the newest proven set: the fallback"};
    fallback_found = fallback_found || proven;
    if (live(set)) ++newer_live;
  }
  return out;
}

}  // namespace cdctl::actions
