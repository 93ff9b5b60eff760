#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <cdctl/error.hpp>

#include "plugins/git/refs.hpp"

namespace cdctl::git {

/// The body of a protocol version 2 `ls-refs` request that asks for refs with these prefixes,
/// peeled; with `symrefs` also for where HEAD points.
[[nodiscard]] std::string ls_refs_request(std::span<const std::string> prefixes,
                                          bool symrefs = false);

/// Reads the answer to it. Pure; the error (exit code `unknown`) says why it is not such an answer:
/// not pkt-lines, cut short, a line that is not a ref, or what the server said in an ERR line.
[[nodiscard]] Result<> read_ls_refs(std::string_view body, const TakeRef& take);

/// The body of a protocol version 2 `fetch` request of one who has nothing yet: everything that
/// these ids reach.
[[nodiscard]] std::string fetch_request(std::span<const std::string> ids);

/// The pack in the answer to it. Pure; the error (exit code `unknown`) also when the answer holds
/// anything beside a pack.
[[nodiscard]] Result<std::string> parse_fetch(std::string_view body);

/// Reads what a server of protocol version 0 or 1 advertises under
/// info/refs?service=git-upload-pack.
[[nodiscard]] Result<> read_advertisement(std::string_view body, const TakeRef& take);

}  // namespace cdctl::git
