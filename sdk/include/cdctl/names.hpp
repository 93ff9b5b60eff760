#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include <cdctl/json.hpp>

namespace cdctl {

/// `[a-z][a-z0-9]*(-[a-z][a-z0-9]*)*`, at most 38 characters, not ending like a revision.
[[nodiscard]] bool valid_service_name(std::string_view name);
/// `r` and ten lower-case hex digits.
[[nodiscard]] bool valid_revision(std::string_view text);
/// Names of sources, processes and plugins: the letters of a service name, at most 38.
[[nodiscard]] bool valid_word(std::string_view text);

/// One worker set: a service at a revision.
struct SetName {
  std::string service;
  std::string revision;

  [[nodiscard]] std::string str() const { return service + "-" + revision; }
  auto operator<=>(const SetName&) const = default;
};
/// Splits `thumbs-r5f0c1e9a2b`; empty when it is not a valid set name.
[[nodiscard]] std::optional<SetName> parse_set_name(std::string_view text);

/// One source of a service at one revision.
struct SourceState {
  std::string kind;      ///< git, bzr, file
  std::string url;       ///< where it is; empty for the implied source `service`
  std::string revision;  ///< commit id, revision-id or SHA-256
  std::optional<std::int64_t> number;  ///< what people call it: a revno or a commit count

  friend bool operator==(const SourceState&, const SourceState&) = default;
};
/// By source name (sorted, as the revision id needs it).
using Sources = std::map<std::string, SourceState>;

[[nodiscard]] Json to_json(const Sources& sources);
[[nodiscard]] Result<Sources> sources_from_json(const Json& json);

/// `r` and the first ten hex digits of SHA-256 over the lines `name=kind:revision\n`, sorted by name.
[[nodiscard]] std::string revision_id(const Sources& sources);

/// Lower-case hex of SHA-256.
[[nodiscard]] std::string sha256_hex(std::string_view bytes);
/// `bytes` random bytes from the kernel as lower-case hex.
[[nodiscard]] std::string random_hex(std::size_t bytes);

/// Glob with `*` and `?`; nothing else is special.
[[nodiscard]] bool glob_match(std::string_view pattern, std::string_view text);
/// The candidate closest to `word` by edit distance; empty when none is close enough to be meant.
[[nodiscard]] std::string nearest(std::string_view word, std::span<const std::string> candidates);
/// Text for one line of stderr: control characters and invalid UTF-8 escaped, cut at `most` bytes.
[[nodiscard]] std::string printable(std::string_view text, std::size_t most = 200);

}  // namespace cdctl
