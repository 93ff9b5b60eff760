#pragma once

#include <string>
#include <string_view>

namespace cdctl::feed::listen {

/// The password in the credentials of HTTP Basic; empty where there is none. Whoever asks can say
/// any name.
[[nodiscard]] std::string password_of(std::string_view base64);

}  // namespace cdctl::feed::listen
