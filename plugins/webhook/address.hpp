#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace cdctl::webhook {

/// Whether records can be posted there: an address with http or https.
[[nodiscard]] bool is_web_address(std::string_view address);

/// What behind the host of an address is a secret: path and query as a whole, and since a receiver
/// may say them decoded, with other slashes or in parts, each part that is long enough to be one.
[[nodiscard]] std::vector<std::string> secret_parts(std::string_view address);

}  // namespace cdctl::webhook
