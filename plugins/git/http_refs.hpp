#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include <cdctl/error.hpp>
#include <cdctl/http.hpp>

#include "refs.hpp"

namespace cdctl::git {

/// A question to a git server over http.
struct HttpQuestion {
  std::string url;
  Want want;
};

/// Asks all at once, in protocol version 2 (one small request each); a server that does not speak it is asked for its
/// version 0 advertisement. The commit for each in the order asked; empty where the git program has to be used: it knows
/// credential helpers, redirects and the user's settings, and gives the exact reason of a refusal.
[[nodiscard]] std::vector<std::optional<std::string>> ask_over_http(Http& http, std::span<const HttpQuestion> questions,
                                                                    const Deadline& deadline);

}  // namespace cdctl::git
