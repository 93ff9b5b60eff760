#include <charconv>

#include <fmt/format.h>

#include <cdctl/module.hpp>
#include <cdctl/text.hpp>

#include "core/feed/listen/listener.hpp"
#include "core/plugins/program_folder.hpp"

namespace cdctl::feed {

Result<std::pair<std::string, std::uint16_t>> parse_listen_address(std::string_view text,
                                                                   bool anywhere) {
  const auto refuse = [&] {
    return fail(ExitCode::usage, fmt::format("--listen '{}' must be 127.0.0.1:PORT or [::1]:PORT; "
                                             "for others put a proxy with TLS before it",
                                             printable(text, 60)));
  };
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return refuse();
  const auto host = text.substr(0, colon), digits = text.substr(colon + 1);
  std::uint16_t port = 0;
  const auto [stop, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (error != std::errc() || digits.empty() || stop != digits.data() + digits.size())
    return refuse();
  if (host == "[::1]") return std::pair(std::string("::1"), port);
  if (host == "127.0.0.1" || host == "localhost") return std::pair(std::string("127.0.0.1"), port);
  if (!anywhere || host.empty()) return refuse();
  const bool six = host.starts_with('[') && host.ends_with(']');
  return std::pair(std::string(six ? host.substr(1, host.size() - 2) : host), port);
}

Result<std::unique_ptr<Listener>> open_listener(std::string_view address, const std::string& token,
                                                const ListenLimits& limits, Serves serves) {
  CDCTL_TRY_ASSIGN(const auto place,
                   parse_listen_address(address, serves == Serves::pages && !token.empty()));
  using Make = Listener*(const char*, std::uint16_t, const std::string&, const ListenLimits&,
                         Serves, std::string&);
  CDCTL_TRY_ASSIGN(Make* const make,
                   module_function<Make>(plugins::module_folder() / "cdctl-listen.so",
                                         "cdctl_make_listener", "the module that listens"));
  std::string why;
  auto* const made = make(place.first.c_str(), place.second, token, limits, serves, why);
  if (!made)
    return fail(ExitCode::config, fmt::format("listening on {}: {}", printable(address, 60), why));
  return std::unique_ptr<Listener>(made);
}

}  // namespace cdctl::feed
