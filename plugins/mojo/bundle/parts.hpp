#pragma once

#include <string_view>
#include <vector>

#include "plugins/mojo/bundle/bundle.hpp"

// What reading a bundle, merging overlays and resolving a juju-deployer file share.
namespace cdctl::mojo {

/// What kind of document is checked: they differ in what must be there.
enum class DocumentKind { base, overlay, deployment };

/// Renames `services` to `applications`, makes a list of pairs of the relations and drops double
/// ones, and tells what is of a wrong type. A document that is no map becomes an empty one.
void normalise(Yaml& document, DocumentKind kind, std::vector<Problem>& problems,
               std::vector<Problem>& warnings);

/// What only the merged bundle can tell: applications without a body, relations of unknown
/// applications.
void check_whole(const Bundle& bundle, std::vector<Problem>& problems);

/// Merges an overlay by Juju's rule.
void merge_overlay(Yaml& base, Yaml overlay, std::vector<Problem>& warnings);

/// Merges `child` over `parent` as juju-deployer inherits: maps key by key at every depth,
/// relations joined, the child's other values replace; a child's null says nothing.
void merge_deployment(Yaml& parent, Yaml child);

/// Pairs from `- [a, b]`, `- [a, [b, c]]`, and from the old `a: {weight: 1, consumes: [b, c]}`,
/// smaller weights first; each once.
[[nodiscard]] Yaml relation_pairs(const Yaml& relations, std::vector<Problem>& problems);

/// Joins lists of relations, each pair once, in the order of the first.
void join_relations(Yaml& relations, Yaml more);

}  // namespace cdctl::mojo
