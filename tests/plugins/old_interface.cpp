// Built against another interface version: refers to a gate that this host does not export.
#include <cstdio>

extern "C" {
extern const char cdctl_interface_0;
extern __attribute__((visibility("default"))) const char* const cdctl_plugin_gate;
extern __attribute__((visibility("default"))) const unsigned long cdctl_plugin[16];
const char* const cdctl_plugin_gate = &cdctl_interface_0;
const unsigned long cdctl_plugin[16] = {0};
}

namespace {
// No code of a refused plugin may run, not even this.
const int k_ran = std::puts("a constructor of a refused plugin ran");
}  // namespace
