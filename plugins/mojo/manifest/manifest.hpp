#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/mojo/text/text_lines.hpp"

namespace cdctl::mojo {

/// One `key=value` of a phase line.
struct PhaseOption {
  std::string key;
  std::string value;  ///< all after the first `=`, quotes removed, variables as written
  std::size_t column = 0;
};

/// One phase line.
struct ManifestRow {
  std::size_t line = 0;
  std::string phase;
  std::vector<PhaseOption> options;  ///< in the order of the file, repeated keys kept

  /// The value that counts for `key`: the last one, since `--target` and repeated keys are
  /// accepted.
  [[nodiscard]] const PhaseOption* find(std::string_view key) const;
};

/// A manifest as it is written. Nothing is expanded and no file is looked for: that is plan.hpp's
/// part.
struct Manifest {
  std::string path;
  std::vector<ManifestRow> rows;
  std::vector<Problem> warnings;  ///< what is accepted, but probably not meant
  std::vector<Problem> problems;  ///< all that is wrong; nothing may run when there is one
};

/// Reads the text of a manifest. Pure. `path` is for messages.
[[nodiscard]] Manifest parse_manifest(std::string_view text, std::string path);

/// The rows as text, quoted where they need it, comments and blank lines left out: reading it again
/// gives the same rows.
[[nodiscard]] std::string print_manifest(const Manifest& manifest);
/// One word of a manifest, in quotes when it would be read as something else without.
[[nodiscard]] std::string quoted_word(std::string_view word);

}  // namespace cdctl::mojo
