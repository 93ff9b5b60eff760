#pragma once

#include <string>
#include <vector>

#include "core/app/context.hpp"

namespace cdctl::app {

/// The broker switches of a service, in the order of a cut, and then every other switch that it has
/// a table for: what does not cut its sets may hold their users and their work all the same.
[[nodiscard]] std::vector<std::string> brokers_of(Context& context, const ServiceConfig& service);

}  // namespace cdctl::app
