#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "core/land/sandbox.hpp"

namespace cdctl::land {

/// Puts this process, and all that it starts, into namespaces of their own, as far as the kernel
/// lets it, and gives up every privilege. To be called in a child that will exec: it comes back as
/// a grandchild, whose end is that of the child, and which is the first of its processes. Those to
/// come see that one's memory and environment: it has to exec before there are any. Gives what it
/// is kept from now; nothing where it is kept from nothing.
[[nodiscard]] std::vector<std::string> isolate(const SandboxJob& job);

/// Nobody but root reads the memory or the first environment of this process, and of its forks, in
/// /proc, or traces it, until it execs: not another process of the same user either.
void keep_memory_private();

/// Takes from root the right to do that to others all the same.
void give_up_looking_into_others();

/// Whether isolate() can do anything here: it cannot go back once it has begun.
[[nodiscard]] bool can_isolate();

/// The sockets of services by their paths, out of /proc/net/unix: a file system that can only be
/// read keeps nobody from talking to one. Those of the name service stay: programs ask it who they
/// are.
[[nodiscard]] std::vector<std::filesystem::path> sockets_in(std::string_view table);

}  // namespace cdctl::land
