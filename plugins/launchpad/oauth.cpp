#include "plugins/launchpad/oauth.hpp"

#include <algorithm>

#include <fmt/format.h>

#include <cdctl/text.hpp>
#include <cdctl/url.hpp>

namespace cdctl::launchpad {

Result<std::string> authorization(std::string_view token) {
  const auto parts = split(token, ':');
  const bool good = (parts.size() == 2 || parts.size() == 3) &&
                    std::ranges::none_of(parts, [](std::string_view part) { return part.empty(); });
  if (!good)
    return fail(ExitCode::config,
                "Launchpad's token is TOKEN:SECRET, or CONSUMER:TOKEN:SECRET: access_token and "
                "access_secret of a file of launchpadlib's or Tarmac's, and its consumer_key");
  const auto consumer = parts.size() == 3 ? parts[0] : std::string_view("cdctl");
  // Without a blank behind the first word: what stands there is taken out of every message.
  return fmt::format(
      "OAuth realm=\"https://api.launchpad.net/\",oauth_consumer_key=\"{}\",oauth_token=\"{}\","
      "oauth_signature_method=\"PLAINTEXT\",oauth_signature=\"%26{}\",oauth_timestamp=\"0\","
      "oauth_nonce=\"0\",oauth_version=\"1.0\"",
      url_encode(consumer), url_encode(parts[parts.size() - 2]), url_encode(parts.back()));
}

}  // namespace cdctl::launchpad
