#pragma once

#include <string_view>
#include <vector>

#include "plugins/mojo/text/yaml.hpp"

// What a bundle, an overlay and a juju-deployer file have to look like.
namespace cdctl::mojo {

/// What kind of document is checked: they differ in what must be there.
enum class DocumentKind { base, overlay, deployment };

/// Renames `services` to `applications`, makes a list of pairs of the relations and drops double
/// ones, and reports what is of a wrong type. A document that is not a map becomes an empty one.
void normalise(Yaml& document, DocumentKind kind, std::vector<Problem>& problems,
               std::vector<Problem>& warnings);

/// `[a-z][a-z0-9]*(-[a-z0-9]*[a-z][a-z0-9]*)*`, as Juju names applications.
[[nodiscard]] bool valid_application(std::string_view name);

}  // namespace cdctl::mojo
