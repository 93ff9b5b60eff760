#pragma once

#include <string>
#include <string_view>

#include <cdctl/error.hpp>

namespace cdctl::plugins {

/// A function of a module of ours that one command alone needs (`cdctl-listen.so`). The module
/// stays open to the end of the process. `what`: for people, `the module that listens`. Exit code
/// `config` when it is not there, others may write to it, or it is of another version.
[[nodiscard]] Result<void*> open_module(std::string_view file, const char* symbol,
                                        std::string_view what);

}  // namespace cdctl::plugins
