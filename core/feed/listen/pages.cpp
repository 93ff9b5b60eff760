#include "core/feed/listen/pages.hpp"

#include <filesystem>

#include <fmt/format.h>

#include <cdctl/text.hpp>

namespace cdctl::feed {

namespace {

constexpr std::size_t k_shortest_token = 16;

}  // namespace

Result<std::string> listen_token(const app::Context& context, const std::string& file,
                                 const Json& table) {
  const auto from = file.empty()
                        ? table
                        : Json::object({{"token_file", std::filesystem::absolute(file).string()}});
  CDCTL_TRY_ASSIGN(const auto token, read_secret(from, "token", context.config()));
  if (!token) return std::string();
  if (token->size() < k_shortest_token)
    return fail(
        ExitCode::config,
        fmt::format(
            "the listener's token is shorter than {} characters; make one: openssl rand -hex 24",
            k_shortest_token));
  return *token;
}

Result<std::unique_ptr<Listener>> open_pages(app::Context& context, std::string_view command,
                                             const std::string& address,
                                             const std::string& token_file) {
  CDCTL_TRY_ASSIGN(const auto token, listen_token(context, token_file));
  if (token.empty() && !parse_listen_address(address) && parse_listen_address(address, true))
    return fail(ExitCode::usage,
                fmt::format("{} --listen {}: others than this machine need a token: give "
                            "--token-file, too",
                            command, printable(address, 60)));
  CDCTL_TRY_ASSIGN(auto listener, open_listener(address, token, {}, Serves::pages));
  context.out.note(fmt::format("listening on {}", listener->address()));
  return listener;
}

}  // namespace cdctl::feed
