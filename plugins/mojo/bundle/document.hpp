#pragma once

#include <string_view>
#include <vector>

#include "plugins/mojo/text/yaml.hpp"

// What reading a bundle, merging overlays and resolving a juju-deployer file share.
namespace cdctl::mojo {

/// What kind of document is checked: they differ in what must be there.
enum class DocumentKind { base, overlay, deployment };

/// Renames `services` to `applications`, makes a list of pairs of the relations and drops double
/// ones, and reports what is of a wrong type. A document that is not a map becomes an empty one.
void normalise(Yaml& document, DocumentKind kind, std::vector<Problem>& problems,
               std::vector<Problem>& warnings);

/// Merges an overlay by Juju's rule.
void merge_overlay(Yaml& base, Yaml overlay, std::vector<Problem>& warnings);

/// Merges `child` over `parent` as juju-deployer inherits: maps key by key at every depth,
/// relations joined, the child's other values replace; a child's null says nothing.
void merge_deployment(Yaml& parent, Yaml child);

/// `[a-z][a-z0-9]*(-[a-z0-9]*[a-z][a-z0-9]*)*`, as Juju names applications.
[[nodiscard]] bool valid_application(std::string_view name);

}  // namespace cdctl::mojo
