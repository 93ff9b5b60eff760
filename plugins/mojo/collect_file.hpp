#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "text_lines.hpp"

namespace cdctl::mojo {

/// Where a line of a collect file takes its files from.
enum class CollectKind { empty_folder, git, local };

/// One line: `destination source[;key=value[,key=value…]]`.
struct CollectLine {
  std::size_t line = 0;
  std::string destination;  ///< relative to the build folder; checked
  CollectKind kind = CollectKind::local;
  std::string location;     ///< without options and without `git+`, `file:`; empty for an empty folder
  std::optional<std::string> revno, branch;
  std::string method = "copy";  ///< of a local one: copy, link or hardlink
};

/// Reads a collect file in the format of codetree. Pure. All that is wrong goes to `problems`, sources of a kind that this
/// version does not fetch included. Parents come before their children in the answer.
[[nodiscard]] std::vector<CollectLine> parse_collect_file(std::string_view text, const std::string& file, std::vector<Problem>& problems,
                                                          std::vector<Problem>& warnings);

}  // namespace cdctl::mojo
