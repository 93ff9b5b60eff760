#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include <cdctl/json.hpp>

namespace cdctl {

/// One source of a service at one revision.
struct SourceState {
  std::string kind;                    ///< git, bzr, file
  std::string url;                     ///< where it is; empty for the implied source `service`
  std::string revision;                ///< commit id, revision-id or SHA-256
  std::optional<std::int64_t> number;  ///< what people call it: a revno or a commit count

  friend bool operator==(const SourceState&, const SourceState&) = default;
};
/// By source name (sorted, as the revision id needs it).
using Sources = std::map<std::string, SourceState>;

[[nodiscard]] Json to_json(const Sources& sources);
[[nodiscard]] Result<Sources> sources_from_json(const Json& json);

/// `r` and the first ten hex digits of SHA-256 over the lines `name=kind:revision\n`, sorted by
/// name.
[[nodiscard]] std::string revision_id(const Sources& sources);

}  // namespace cdctl
