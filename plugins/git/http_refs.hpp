#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
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

/// A request of protocol version 2 to the repository at `url`, with at most 10 s for its answer.
[[nodiscard]] HttpRequest upload_pack_request(std::string_view url, std::string body, const Deadline& deadline);

/// Asks all at once, in protocol version 2 (one small request each); a server that does not speak it is asked for its
/// version 0 advertisement. The commit for each in the order asked; empty where the git program has to be used: it knows
/// credential helpers, redirects and the user's settings, and gives the exact reason of a refusal.
[[nodiscard]] std::vector<std::optional<std::string>> ask_over_http(Http& http, std::span<const HttpQuestion> questions,
                                                                    const Deadline& deadline);

}  // namespace cdctl::git
