#pragma once

#include <string>
#include <string_view>
#include <vector>

// Names of queues and exchanges, as regular expressions of RabbitMQ's permissions.

namespace cdctl::rabbit {

/// A regular expression of RabbitMQ's permissions that matches exactly these names; none = nothing.
[[nodiscard]] std::string exactly(const std::vector<std::string>& names);
/// The same of what is a regular expression already.
[[nodiscard]] std::string any_of(const std::vector<std::string>& patterns);
/// A regular expression of one name.
[[nodiscard]] std::string escaped(std::string_view name);
/// A regular expression of a name of `configure`, `write` or `read`, in which `*` stands for
/// anything.
[[nodiscard]] std::string with_stars(std::string_view name);
/// Whether cdctl has written this expression: names letter by letter, those of a framework, and
/// those with stars that a service's file may have.
[[nodiscard]] bool of_our_making(std::string_view pattern);

/// Why nobody may be given what such a name with stars stands for; empty when it may be.
[[nodiscard]] std::string_view too_wide(std::string_view name);

}  // namespace cdctl::rabbit
