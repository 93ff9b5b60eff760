#pragma once

#include <string>
#include <string_view>

#include <cdctl/error.hpp>

namespace cdctl::launchpad {

/// The value of an Authorization header by what a token file holds: `TOKEN:SECRET`, or
/// `CONSUMER:TOKEN:SECRET` where another program than cdctl has been given them. Launchpad knows
/// OAuth 1.0 with PLAINTEXT signatures alone, and looks at neither time nor nonce: they stay the
/// same, so that what was kept with its ETag is found again. Exit code `config`, without the
/// secret.
[[nodiscard]] Result<std::string> authorization(std::string_view token);

}  // namespace cdctl::launchpad
