#pragma once

#include <functional>
#include <string>

#include <cdctl/time.hpp>

namespace cdctl::cli::completion {

/// What becomes of a child that is late.
enum class Late { killed, goes_on };

/// Runs `work` in a child process with nothing but `fd` to write to, and gives what it wrote there;
/// empty unless it ended by the deadline. Whatever the work waits for, a lock, a library, a broker,
/// its parent does not. One that goes on has 10 s in all.
[[nodiscard]] std::string from_child(const Deadline& deadline, Late late,
                                     const std::function<void(int fd)>& work);

}  // namespace cdctl::cli::completion
