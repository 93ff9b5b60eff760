#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "core/app/context.hpp"
#include "core/feed/listen/listener.hpp"

namespace cdctl::feed {

/// The token of a listener: that of `file` (--token-file), else of `table`; empty where neither has
/// one. Exit code `config` for one that is too short to be none that somebody guesses.
[[nodiscard]] Result<std::string> listen_token(const app::Context& context, const std::string& file,
                                               const Json& table = {});

/// A listener that serves pages, for `command`, and says where. Exit code `usage` for an address of
/// others than this machine without a token.
[[nodiscard]] Result<std::unique_ptr<Listener>> open_pages(app::Context& context,
                                                           std::string_view command,
                                                           const std::string& address,
                                                           const std::string& token_file);

}  // namespace cdctl::feed
