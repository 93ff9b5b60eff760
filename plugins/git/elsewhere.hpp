#pragma once

#include <string>

#include <cdctl/error.hpp>

#include "plugins/git/workshop.hpp"

namespace cdctl::git {

/// Notes where a head was fetched from that is in another repository than the target's, such as a
/// fork, or that it is in the target's (an empty address): whoever lands it is told its ref alone,
/// and has to see that it is there still. Beside the candidates that were made of it, since a home
/// without the one makes both anew.
[[nodiscard]] Result<> note_source(const Workshop& workshop, const std::string& ref,
                                   const std::string& head, const std::string& url);
/// That address; empty for the target's repository.
[[nodiscard]] std::string source_of(const Workshop& workshop, const std::string& ref,
                                    const std::string& head);

}  // namespace cdctl::git
