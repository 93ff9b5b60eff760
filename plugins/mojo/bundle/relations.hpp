#pragma once

#include <vector>

#include "plugins/mojo/text/yaml.hpp"

namespace cdctl::mojo {

/// Pairs from `- [a, b]`, `- [a, [b, c]]`, and from the old `a: {weight: 1, consumes: [b, c]}`,
/// smaller weights first; each once.
[[nodiscard]] Yaml relation_pairs(const Yaml& relations, std::vector<Problem>& problems);

/// Joins lists of relations, each pair once, in the order of the first.
void join_relations(Yaml& relations, Yaml more);

}  // namespace cdctl::mojo
