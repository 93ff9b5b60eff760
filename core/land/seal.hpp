#pragma once

#include <string>
#include <string_view>

#include <cdctl/target.hpp>

#include "core/app/context.hpp"
#include "core/records/candidate.hpp"

namespace cdctl::land {

/// The key of this home's seals, made where there is none: `land/key` in the home, or what
/// `land.key_file`, `key_env` or `key_command` of cdctl.toml gives, for homes that trust each
/// other.
[[nodiscard]] Result<std::string> seal_key(const app::Context& context);

/// HMAC-SHA256, lower-case hex.
[[nodiscard]] std::string keyed_digest(std::string_view key, std::string_view text);

/// The seal of what a candidate says that decides about its landing: who has the key has verified
/// this commit, with this verdict, for this branch of this repository.
[[nodiscard]] std::string seal_of(std::string_view key, const TargetConfig& target,
                                  const records::Candidate& candidate);
[[nodiscard]] bool seal_holds(std::string_view key, const TargetConfig& target,
                              const records::Candidate& candidate);

}  // namespace cdctl::land
