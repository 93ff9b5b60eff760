#pragma once

#include <string>
#include <string_view>

#include <cdctl/error.hpp>

namespace cdctl::bzr {

/// What a revision holds, as `brz testament --strict --long` says it. A revision-id is a name that
/// whoever commits may choose; these are not.
struct Testament {
  std::string digest;  ///< of all of it: message, parents, files
  std::string tree;    ///< of the files alone: the same files have the same, whoever wrote them
};

/// Exit code `unknown` for a text that is none.
[[nodiscard]] Result<Testament> parse_testament(std::string_view text);

}  // namespace cdctl::bzr
