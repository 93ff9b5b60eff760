#pragma once

#include <string>

namespace cdctl::fleet {

/// What a worker wrote, for records and messages: clients write down the address that they use, and
/// what they were configured with. The user and password of an address, and what follows a word
/// like `password`, are left out.
[[nodiscard]] std::string masked(std::string text);

}  // namespace cdctl::fleet
