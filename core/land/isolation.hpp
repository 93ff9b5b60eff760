#pragma once

#include <string>
#include <vector>

#include "core/land/sandbox.hpp"

namespace cdctl::land {

/// Puts this process, and all that it starts, into namespaces of their own, as far as the kernel
/// lets it, and gives up every privilege. To be called in a child that will exec: it comes back as
/// a grandchild, whose end is that of the child. Gives what it is kept from now; nothing where it
/// is kept from nothing.
[[nodiscard]] std::vector<std::string> isolate(const SandboxJob& job);

/// Whether isolate() can do anything here: it cannot go back once it has begun.
[[nodiscard]] bool can_isolate();

}  // namespace cdctl::land
