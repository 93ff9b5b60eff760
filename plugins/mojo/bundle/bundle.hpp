#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/mojo/text/yaml.hpp"

namespace cdctl::mojo {

/// One application of a bundle, as far as its values fit; what does not was reported when the
/// bundle was read. Points into its bundle, which must outlive it unchanged.
struct BundleApplication {
  std::string_view name;
  const Yaml* spec = nullptr;  ///< all that the bundle says of it, unknown keys included; a map
  FilePosition position;       ///< of its name
  std::string charm;           ///< empty when the bundle names none
  std::optional<std::int64_t> units;  ///< `num_units`, or `scale`
  std::string series, base, channel;
  std::string constraints;  ///< as one text; empty when they are written as a map or a list
  bool expose = false, trust = false;
  std::vector<std::string> to;

  /// A member of one of its maps, as of `options`, `annotations`, `resources`, `storage`; nullptr
  /// without.
  [[nodiscard]] const Yaml* value(std::string_view map, std::string_view key) const;
};

/// Two ends of a relation: `APPLICATION` or `APPLICATION:ENDPOINT`.
struct Relation {
  std::string from, to;
};

/// A Juju bundle, its overlays merged. The old word `services` is read as `applications`, and every
/// form of relations becomes a list of pairs.
struct Bundle {
  Yaml root;  ///< a map; what no engine knows is kept
  std::vector<Problem>
      warnings;  ///< accepted, but probably not meant; and what an overlay cannot remove

  [[nodiscard]] std::vector<BundleApplication> applications() const;
  [[nodiscard]] std::vector<Relation> relations() const;
  /// The texts of all that came from secret files: for a mask.
  [[nodiscard]] std::vector<std::string> secrets() const;

  friend bool operator==(const Bundle& a, const Bundle& b) { return a.root == b.root; }
};

/// Reads a bundle: the first document is the base, the others are overlays. Pure. Problems have
/// file, line and column.
[[nodiscard]] Bundle parse_bundle(std::string_view text, const std::string& file,
                                  std::vector<Problem>& problems);

/// Merges the overlays of `text` over `bundle` by Juju's rule: maps of an application are merged
/// key by key, other values replaced, an application or a key that is null is removed, relations
/// are added. With `secret`, no value of the file is shown in a message, and its scalars are
/// marked.
void add_overlay(Bundle& bundle, std::string_view text, const std::string& file, bool secret,
                 std::vector<Problem>& problems);

/// Replaces `include-file://PATH` and `include-base64://PATH` in options and annotations by the
/// file's text, or by its bytes in base64. PATH is relative to `local_dir`, or an absolute path
/// below it as `{{ local_dir }}` writes it; no `..`, and no link that leads out. The values are
/// marked secret, since that folder holds secrets.
void resolve_includes(Bundle& bundle, const std::filesystem::path& local_dir,
                      std::vector<Problem>& problems);

/// The bundle as one YAML document that reads as an equal bundle. Holds secrets: write it 0600.
[[nodiscard]] std::string print_bundle(const Bundle& bundle);

/// Checks what shows only in the merged bundle: applications without a body, relations of unknown
/// applications.
void check_whole(const Bundle& bundle, std::vector<Problem>& problems);

}  // namespace cdctl::mojo
