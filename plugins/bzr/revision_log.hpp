#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <cdctl/proposal.hpp>
#include <cdctl/time.hpp>

namespace cdctl::bzr {

/// A revision as `brz log --log-format=long --show-ids` tells it, `brz missing` too.
struct LoggedRevision {
  std::string id, title, description;
  std::vector<Person> people;  ///< its authors, and who committed it
  std::optional<Time> at;
  std::optional<std::int64_t> number;  ///< its revno; empty for a merged one
};

/// Revisions that were merged are indented below their merge. A message may look like one, and then
/// adds people to a proposal; none can be taken away, for each line of dashes begins a revision.
[[nodiscard]] std::vector<LoggedRevision> parse_log(std::string_view text);

/// `Alice <alice@example.com>`
[[nodiscard]] Person parse_person(std::string_view text);

}  // namespace cdctl::bzr
