#pragma once

#include <span>

#include <cdctl/record.hpp>
#include <cdctl/source.hpp>

namespace cdctl::records {

/// What a revision is made of, in a record: an object of sources by name.
template <>
struct Codec<Sources> {
  static constexpr MemberRow k_rows[] = {
      {"kind", "text", "git, bzr, file"},
      {"url", "text", "", Presence::optional},
      {"revision", "text", "commit id, revision-id or SHA-256"},
      {"number", "integer", "what people call it: a revno or a commit count", Presence::optional},
      {"subject", "text", "of the commit, where this home knows it", Presence::optional},
      {"author", "text", "", Presence::optional},
      {"committed_at", "time", "", Presence::optional}};
  static constexpr std::span<const MemberRow> shape() { return k_rows; }

  static Json write(const Sources& sources) { return to_json(sources); }
  static void read(const Json& json, Sources& into) {
    if (auto sources = sources_from_json(json)) into = std::move(*sources);
  }
  static bool usable(const Json& json) { return sources_from_json(json).has_value(); }
};

}  // namespace cdctl::records
