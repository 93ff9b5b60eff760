#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include <cdctl/error.hpp>
#include <cdctl/time.hpp>

#include "plugins/git/workshop.hpp"

namespace cdctl::git {

/// What is wrong with the trees that a head would bring to a base, those of all its commits: names
/// that no tree may have, one that is there twice, entries without an order. git takes such trees
/// from who makes them by hand, and each clone would have other files. For people, with the path;
/// empty where nothing is, or where the base has the same.
[[nodiscard]] Result<std::string> odd_tree(const Workshop& workshop, const std::string& base,
                                           const std::string& head, const Deadline& deadline);

/// The same of the bytes of one tree, `folder` of a commit, whose ids have so many bytes.
[[nodiscard]] std::string odd_entry(std::string_view raw, std::size_t id_bytes,
                                    std::string_view folder = {});

}  // namespace cdctl::git
