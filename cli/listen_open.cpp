#include <charconv>

#include <dlfcn.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cdctl/names.hpp>

#include "context.hpp"
#include "listen.hpp"

namespace cdctl::cli {

Result<std::pair<std::string, std::uint16_t>> parse_listen_address(std::string_view text) {
  const auto refuse = [&] {
    return fail(ExitCode::usage, fmt::format("--listen '{}' must be 127.0.0.1:PORT or [::1]:PORT; for others put a proxy with TLS before it", printable(text, 60)));
  };
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return refuse();
  const auto host = text.substr(0, colon), digits = text.substr(colon + 1);
  std::uint16_t port = 0;
  const auto [stop, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (error != std::errc() || digits.empty() || stop != digits.data() + digits.size()) return refuse();
  if (host == "[::1]") return std::pair(std::string("::1"), port);
  if (host == "127.0.0.1" || host == "localhost") return std::pair(std::string("127.0.0.1"), port);
  return refuse();
}

Result<std::unique_ptr<Listener>> open_listener(std::string_view address, const std::string& token, const ListenLimits& limits) {
  CDCTL_TRY_ASSIGN(const auto place, parse_listen_address(address));
  const auto file = program_folder().parent_path() / CDCTL_LIBDIR / "cdctl-listen.so";
  struct stat info {};
  if (::stat(file.c_str(), &info) != 0 || (info.st_mode & 0022) != 0 || (info.st_uid != 0 && info.st_uid != ::geteuid()))
    return fail(ExitCode::config, fmt::format("the module that listens, {}, is not there or others may write to it", file.string()));
  void* const library = ::dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);  // stays open to the end of the process
  if (!library) return fail(ExitCode::config, fmt::format("the module that listens cannot be used: {}", ::dlerror()));
  using Make = Listener* (*)(const char*, std::uint16_t, const std::string&, const ListenLimits&, std::string&);
  const auto make = reinterpret_cast<Make>(::dlsym(library, "cdctl_make_listener"));
  if (!make) return fail(ExitCode::config, fmt::format("{} is no module of this version", file.string()));
  std::string why;
  auto* const made = make(place.first.c_str(), place.second, token, limits, why);
  if (!made) return fail(ExitCode::config, fmt::format("listening on {}: {}", printable(address, 60), why));
  return std::unique_ptr<Listener>(made);
}

}  // namespace cdctl::cli
