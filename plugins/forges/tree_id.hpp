#pragma once

#include <string>
#include <string_view>

#include <cdctl/json.hpp>

namespace cdctl::forges {

/// How a server calls the name and the id of an entry of a tree; `mode` is everybody's.
struct TreeWords {
  std::string_view name = "name", id = "id";
};

/// The id of a git tree by all of its entries: the digest of what is in it, for a server that does
/// not tell it. Empty where an entry is not of that form.
[[nodiscard]] std::string tree_id(const Json::Array& entries, const TreeWords& words = {});

}  // namespace cdctl::forges
