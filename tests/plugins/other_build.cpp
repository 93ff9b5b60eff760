// A descriptor of the right interface, built with another standard library ABI.
#include <cdctl/plugin.hpp>

extern "C" __attribute__((visibility("default"), used))
const cdctl::plugin::Descriptor cdctl_plugin = {cdctl::plugin::k_magic,
                                                CDCTL_INTERFACE,
                                                sizeof(cdctl::plugin::Descriptor),
                                                "libstdc++99/cxx1/abi0",
                                                "other_build",
                                                "1.0",
                                                "",
                                                nullptr,
                                                0,
                                                nullptr,
                                                0,
                                                "",
                                                ""};
