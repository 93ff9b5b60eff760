// A descriptor of the right interface, built with another standard library ABI.
#include <cdctl/plugin.hpp>

extern "C" __attribute__((visibility("default"), used)) const char cdctl_plugin_build[] =
    "libstdc++99/cxx1/abi0";
extern "C" __attribute__((visibility("default"), used))
const cdctl::plugin::Descriptor cdctl_plugin = {"other_build", "1.0", ""};
