#pragma once

#include <string>
#include <string_view>

#include <cdctl/error.hpp>

namespace cdctl {

/// Percent-encodes everything but unreserved characters.
[[nodiscard]] std::string url_encode(std::string_view text);
/// `a%20b` → `a b`; what is not an escape stays.
[[nodiscard]] std::string url_decode(std::string_view text);

struct Url {
  std::string scheme, user, password, host, port,
      path;  ///< user and password decoded; path with its leading slash
  [[nodiscard]] std::string without_credentials() const;
};
/// Exit code `config` when it is not an absolute URL. The error text never holds the password.
[[nodiscard]] Result<Url> parse_url(std::string_view text);

}  // namespace cdctl
