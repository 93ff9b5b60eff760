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
/// An address as people may see it, and records, and argument lists. `***` takes the place of a
/// password, of the user of an http address, which is where tokens are put, and of each value of a
/// query. What is not an address stays.
[[nodiscard]] std::string shown_address(std::string_view address);
/// A text of others, with each address in it so.
[[nodiscard]] std::string with_shown_addresses(std::string_view text);
/// Exit code `config` when it is not an absolute URL. The error text never holds the password.
[[nodiscard]] Result<Url> parse_url(std::string_view text);

}  // namespace cdctl
