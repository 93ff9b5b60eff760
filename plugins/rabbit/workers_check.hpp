#pragma once

#include <optional>

#include <cdctl/config.hpp>
#include <cdctl/roles.hpp>

namespace cdctl::rabbit {

/// What the workers of a service will be refused, said by their framework: the one that its file
/// names, or the one that its trunk asks for where that is a folder of this machine. Nothing when
/// neither is known. Asks nobody.
[[nodiscard]] std::optional<Check> workers_check(const ServiceConfig& service);

}  // namespace cdctl::rabbit
