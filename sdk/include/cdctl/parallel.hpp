#pragma once

#include <cstddef>
#include <functional>

namespace cdctl {

/// Calls `work` for 0 … count-1, at most 2 a core at a time: for what waits more than it computes,
/// as calls of other programs do. Returns when all are done.
void in_parallel(std::size_t count, const std::function<void(std::size_t)>& work);

}  // namespace cdctl
