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

/// Which stage has said what a candidate says: the word of one is not that of the other.
enum class Stage { gate, verify };

/// The seal of what a candidate says that decides about what becomes of it. Who has the key has let
/// it through, or verified this commit, with this verdict, for this branch of this repository.
[[nodiscard]] std::string seal_of(std::string_view key, Stage stage, const TargetConfig& target,
                                  const records::Candidate& candidate);
[[nodiscard]] bool seal_holds(std::string_view key, Stage stage, const TargetConfig& target,
                              const records::Candidate& candidate);

/// Seals what the gate says of a candidate.
void seal_for_verify(const app::Context& context, std::string_view key, const TargetConfig& target,
                     records::Candidate& candidate);
/// Refuses a candidate that no gate which we trust has let through as it is; with `trust_record`
/// the gates of other homes that have our key are trusted, too.
[[nodiscard]] Result<> check_gate_seal(const app::Context& context, std::string_view key,
                                       const TargetConfig& target,
                                       const records::Candidate& candidate, bool trust_record);
/// Exit code `config` where the word of other homes shall be taken, and there is no key for it.
[[nodiscard]] Result<> check_trust(const app::Context& context, std::string_view command,
                                   bool trust_record);

/// Which home has sealed a candidate: `web1:/var/lib/cdctl`.
[[nodiscard]] std::string home_name(const app::Context& context);

}  // namespace cdctl::land
