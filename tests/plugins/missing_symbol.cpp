// Calls a function that nobody defines.
#include <cdctl/plugin.hpp>

extern "C" void cdctl_test_nobody_defines_this();

extern "C" __attribute__((visibility("default"))) void cdctl_test_use() {
  cdctl_test_nobody_defines_this();
}

CDCTL_PLUGIN(.name = "missing_symbol", .version = "1.0", .summary = "a test plugin");
