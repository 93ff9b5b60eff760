#pragma once

#include <string>
#include <string_view>
#include <unordered_map>

#include <cdctl/json.hpp>
#include <cdctl/set_name.hpp>

#include "core/app/context.hpp"

namespace cdctl::fleet {

/// What this home knows of the commits that its sets are made of: a line for each set in one file,
/// so that whoever lists ten thousand of them opens one. Best effort: it serves people, and nothing
/// decides from it.
///
///     commits.ndjson     {"set":"thumbs-r5f0c1e9a2b","commits":{…}}, the newest last
///     commits.1.ndjson   what was in it before it had grown to 8 MiB; its predecessor is gone
class CommitNotes {
 public:
  /// All of them. What cannot be read is not there.
  explicit CommitNotes(const app::Context& context);
  CommitNotes(const CommitNotes&) = delete;
  CommitNotes& operator=(const CommitNotes&) = delete;
  /// Null where this home has never known.
  [[nodiscard]] Json of(const SetName& set) const;

 private:
  std::string text_;
  std::unordered_map<std::string_view, std::string_view> lines_;  ///< by set; views into the text
};

/// Of one set, without an index of all.
[[nodiscard]] Json kept_commits(const app::Context& context, const SetName& set);
/// Keeps that with a set, for who lists it or cuts it.
void keep_commits(const app::Context& context, const SetName& set, const Json& commits);

}  // namespace cdctl::fleet
