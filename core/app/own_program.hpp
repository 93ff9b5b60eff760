#pragma once

#include <string>

namespace cdctl::app {

/// Our own program, also after its file was replaced.
[[nodiscard]] std::string own_program();

}  // namespace cdctl::app
