#pragma once

#include <vector>

#include "plugins/mojo/text/yaml.hpp"

// What merging overlays and resolving a juju-deployer file share.
namespace cdctl::mojo {

/// Merges an overlay by Juju's rule.
void merge_overlay(Yaml& base, Yaml overlay, std::vector<Problem>& warnings);

/// Merges `child` over `parent` as juju-deployer inherits: maps key by key at every depth,
/// relations joined, the child's other values replace; a child's null says nothing.
void merge_deployment(Yaml& parent, Yaml child);

}  // namespace cdctl::mojo
