#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "plugins/mojo/collect/file.hpp"

namespace cdctl::mojo {

/// Tells a problem (or with `warning` a thing to think over) at a part of the line.
using Tell = std::function<void(std::string_view part, std::string what)>;

/// Reads `source` into kind and location of `line`. False after a problem was told through `wrong`.
[[nodiscard]] bool read_collect_source(std::string_view source, CollectLine& line,
                                       const Tell& wrong, const Tell& warn);

/// Reads `key=value[,key=value…]` into `line`, whose kind says which options fit.
[[nodiscard]] bool read_collect_options(std::string_view options, CollectLine& line,
                                        const Tell& wrong, const Tell& warn);

}  // namespace cdctl::mojo
