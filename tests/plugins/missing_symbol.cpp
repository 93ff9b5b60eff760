// Calls a function that nobody defines.
#include <cdctl/plugin.hpp>

extern "C" void cdctl_test_nobody_defines_this();

extern "C" __attribute__((visibility("default"))) void cdctl_test_use() {
  cdctl_test_nobody_defines_this();
}

CDCTL_PLUGIN("missing_symbol", "1.0", "a test plugin", nullptr, 0, nullptr, 0, "", "");
