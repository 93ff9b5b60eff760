#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "plugins/mojo/text/text_lines.hpp"

namespace cdctl::mojo {

/// Where a line of a collect file takes its files from. The scheme of its source alone decides.
enum class CollectKind : std::uint8_t {
  empty_folder,  ///< `@`
  git,           ///< `git:` and `git+file: git+http: git+https: git+ssh:`
  bzr,    ///< `lp: bzr: bzr+file: bzr+http: bzr+https: bzr+ssh:`, each also behind `nosmart+`
  http,   ///< `http: https:`, one plain file
  local,  ///< `file:` or no scheme: a path of the spec, or an absolute one
  charm,  ///< `cs: ch:`
};

/// `git`, `bzr`, `http`, `local`, `folder`, `charm`: for records and messages.
[[nodiscard]] std::string_view to_text(CollectKind kind);

/// One line: `destination source[;key=value[,key=value…]]`.
struct CollectLine {
  std::size_t line = 0;
  std::string destination;  ///< relative to the build folder; checked; without slashes at its end
  std::string source;       ///< exactly as written, without the options
  std::vector<std::pair<std::string, std::string>> options = {};  ///< as written, in order

  // What these mean:
  CollectKind kind = CollectKind::local;
  std::string location =
      {};  ///< for the one who fetches: without `git+`, `file:`; empty for an empty folder
  std::optional<std::string> revno = {}, branch = {}, sha256 = {}, channel = {}, base_url = {};
  std::optional<std::string> asked =
      {};  ///< of a lock: what its revno answered, `branch:NAME` or `revno:NAME`
  std::optional<std::int64_t> depth = {};
  bool overwrite =
      false;  ///< given at all, whatever its value; every run starts with an empty build folder
  bool lightweight = false;
  std::string method = "copy";  ///< of a local one: copy, rsync, link or hardlink

  /// The same but for its place in the file: what it means follows from these.
  friend bool operator==(const CollectLine& a, const CollectLine& b) {
    return a.destination == b.destination && a.source == b.source && a.options == b.options;
  }
};

/// Reads a collect file in the format of codetree. Pure, in linear time. All that is wrong goes to
/// `problems`, with line and column. Of lines for one destination the last counts, with a warning.
/// Parents come before their children in the answer.
[[nodiscard]] std::vector<CollectLine> parse_collect_file(std::string_view text,
                                                          const std::string& file,
                                                          std::vector<Problem>& problems,
                                                          std::vector<Problem>& warnings);

/// The lines as a file that reads back equal.
[[nodiscard]] std::string print_collect_file(std::span<const CollectLine> lines);

}  // namespace cdctl::mojo
