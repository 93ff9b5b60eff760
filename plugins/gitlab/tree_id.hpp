#pragma once

#include <string>

#include <cdctl/json.hpp>

namespace cdctl::gitlab {

/// The id of a git tree by its entries, each with `mode`, `type`, `name` and `id`; empty where one
/// is not of that form. GitLab does not tell it: it is the digest of what is in the tree.
[[nodiscard]] std::string tree_id(const Json::Array& entries);

}  // namespace cdctl::gitlab
