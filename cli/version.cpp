#include "cli/version.hpp"

namespace cdctl::cli {

std::string_view version() { return CDCTL_VERSION; }

}  // namespace cdctl::cli
