#include "plugins/git/address.hpp"

#include <algorithm>

#include <fmt/format.h>

#include <cdctl/http.hpp>
#include <cdctl/text.hpp>
#include <cdctl/url.hpp>

namespace cdctl::git {

namespace fs = std::filesystem;

namespace {

bool control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

std::unexpected<Error> refuse(std::string_view text, std::string_view why) {
  return fail(ExitCode::config, fmt::format("git address '{}': {}", printable(text, 120), why));
}

Result<Address> local_address(fs::path path, const fs::path& base) {
  if (path.is_relative()) path = base / path;
  std::error_code ignored;
  if (path.is_relative()) path = fs::absolute(path, ignored);
  auto text = path.lexically_normal().string();
  while (text.size() > 1 && text.ends_with('/')) text.pop_back();
  return Address{Transport::local, std::move(text), false};
}

Result<Address> scheme_address(std::string_view text, const fs::path& base) {
  auto url = parse_url(text);
  if (!url) return refuse("(hidden)", url.error().what);
  const auto shown = url->without_credentials();
  if (!url->password.empty()) {
    return refuse(
        shown_address(text),
        "a password may not stand in an address; use an ssh key or a git credential helper");
  }
  if (url->scheme == "file") {
    if (!url->host.empty() && url->host != "localhost")
      return refuse(shown, "a file address names no host: write file:///path");
    return local_address(url->path, base);
  }
  if (url->host.starts_with('-') || url->user.starts_with('-'))
    return refuse(shown, "host and user may not start with a dash");
  if (url->scheme == "http" || url->scheme == "https") {
    if (url->path.contains('?') || url->path.contains('#'))
      return refuse(shown_address(text),
                    "what follows ? or # may be a token, which may not stand in an address; use a "
                    "git credential helper");
    return Address{Transport::http, std::string(text), !url->user.empty()};
  }
  if (url->scheme == "ssh" || url->scheme == "git+ssh" || url->scheme == "ssh+git") {
    if (url->path.starts_with("/-")) return refuse(shown, "the path may not start with a dash");
    return Address{Transport::ssh, std::string(text), false};
  }
  return refuse(shown, fmt::format("scheme {} is not allowed; use https, http, ssh, file or a path",
                                   printable(url->scheme, 20)));
}

bool valid_ref(std::string_view name, std::string_view forbidden) {
  if (name.empty() || name.size() > 250 || name.starts_with('-') || name.starts_with('/') ||
      name.ends_with('/'))
    return false;
  if (name.ends_with('.') || name == "@" || name.contains("..") || name.contains("//") ||
      name.contains("@{"))
    return false;
  if (name.starts_with('.') || name.contains("/.")) return false;
  if (name.ends_with(".lock") || name.contains(".lock/")) return false;
  return std::ranges::none_of(name, [&](char c) { return control(c) || forbidden.contains(c); });
}

}  // namespace

Result<Address> parse_address(std::string_view text, const fs::path& base) {
  if (text.empty()) return refuse(text, "it is empty");
  if (text.size() > 2000) return refuse(text, "it is longer than 2000 bytes");
  if (std::ranges::any_of(text, control)) return refuse(text, "it holds a control character");
  if (text.starts_with('-'))
    return refuse(text, "it starts with a dash, which git would read as an option");
  const auto slash = std::min(text.find('/'), text.size());
  const auto colon = text.find(':');
  if (text.find("::") < slash)
    return refuse(text.substr(0, text.find("::") + 2), "transport helpers are not allowed");
  if (text.contains("://")) return scheme_address(text, base);
  if (colon < slash) {  // host:path, as scp writes it
    const auto host = text.substr(0, colon), path = text.substr(colon + 1);
    const auto at = host.find('@');
    if (path.empty() || path.starts_with('-') || host.empty())
      return refuse(text, "host:path needs both, and no leading dash");
    if (at != std::string_view::npos && (at == 0 || host.substr(at + 1).starts_with('-'))) {
      return refuse(text, "host and user may not start with a dash");
    }
    return Address{Transport::ssh, std::string(text), false};
  }
  return local_address(fs::path(text), base);
}

std::string without_user(const std::string& url) {
  if (!url.starts_with("http://") && !url.starts_with("https://")) return url;
  const auto parsed = parse_url(url);
  return parsed ? parsed->without_credentials() : url;
}

bool valid_ref_name(std::string_view name) { return valid_ref(name, " ~^:?*[\\"); }
bool valid_ref_pattern(std::string_view pattern) { return valid_ref(pattern, " ~^:[\\"); }

bool valid_commit_id(std::string_view text) {
  return (text.size() == 40 || text.size() == 64) && std::ranges::all_of(text, [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

}  // namespace cdctl::git
