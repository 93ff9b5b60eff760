#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <cdctl/json.hpp>

namespace cdctl::cli {

/// A value as people read it: `yes`, `none`, words in a row; no braces, no quotes. See
/// value_lines() for `around`.
[[nodiscard]] std::string value_text(const Json& value, const Json& around = {});
/// What a plugin tells of a set, below one name: a list of objects, or an object of objects, is a
/// line each
/// (`thumbs: type quorum, ready 0`), all else one line. What `around`, the object that it is a
/// member of, says of itself is not said again in each line (the user, the vhost).
[[nodiscard]] std::vector<std::string> value_lines(const Json& value, const Json& around = {});

}  // namespace cdctl::cli
