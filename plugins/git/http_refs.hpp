#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <cdctl/error.hpp>
#include <cdctl/http.hpp>

#include "plugins/git/refs.hpp"

namespace cdctl::git {

/// A question to a git server over http.
struct HttpQuestion {
  std::string url;
  Want want;
  bool all = false;  ///< list every branch and tag, for a first fetch that is likely to follow
};

struct HttpAnswer {
  std::optional<std::string> commit;  ///< empty where the git program has to be used
  std::vector<Ref> refs;  ///< HEAD and all branches and tags, where they were asked for, told, and
                          ///< few
};

/// A request of protocol version 2 to the repository at `url`, with at most 10 s for its answer.
[[nodiscard]] HttpRequest upload_pack_request(std::string_view url, std::string body,
                                              const Deadline& deadline);

/// The body of a request for HEAD and all branches and tags.
[[nodiscard]] std::string list_all_request();

/// The refs in the answer to it; none where it is no such answer, or more than k_most_refs.
[[nodiscard]] std::vector<Ref> few_refs(std::string_view body);

/// A repository with more refs is fetched by the git program.
inline constexpr std::size_t k_most_refs = 2000;

/// Asks all at once, in protocol version 2 (one small request each); a server that does not speak
/// it is asked for its version 0 advertisement. Answers in the order asked; without a commit where
/// the git program has to be used: it knows credential helpers, redirects and the user's settings,
/// and gives the exact reason of a refusal.
[[nodiscard]] std::vector<HttpAnswer> ask_over_http(Http& http,
                                                    std::span<const HttpQuestion> questions,
                                                    const Deadline& deadline);

}  // namespace cdctl::git
