#include "plugins/bzr/bzr_address.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include <cdctl/http.hpp>
#include <cdctl/text.hpp>
#include <cdctl/url.hpp>

namespace cdctl::bzr {

namespace fs = std::filesystem;

namespace {

constexpr std::array<std::string_view, 7> k_schemes{"bzr",  "bzr+ssh", "bzr+http", "bzr+https",
                                                    "http", "https",   "sftp"};

bool control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

std::unexpected<Error> refuse(std::string_view text, std::string_view why) {
  return fail(ExitCode::config, fmt::format("bzr address '{}': {}", printable(text, 120), why));
}

Result<Address> local_address(fs::path path, const fs::path& base) {
  if (path.is_relative()) path = base / path;
  std::error_code ignored;
  if (path.is_relative()) path = fs::absolute(path, ignored);
  auto text = path.lexically_normal().string();
  while (text.size() > 1 && text.ends_with('/')) text.pop_back();
  return Address{true, std::move(text)};
}

Result<Address> scheme_address(std::string_view text, std::string_view without_prefix,
                               const fs::path& base) {
  const auto url = parse_url(without_prefix);
  if (!url) return refuse("(hidden)", url.error().what);
  const auto shown = url->without_credentials();
  if (!url->password.empty())
    return refuse(shown_address(text),
                  "a password may not stand in an address; use an ssh key or authentication.conf");
  if (url->scheme.ends_with("http") || url->scheme.ends_with("https")) {
    if (!url->user.empty() || url->path.contains('?') || url->path.contains('#'))
      return refuse(shown_address(text),
                    "a user, or what follows ? or #, may be a token, which may not stand in an "
                    "address; use authentication.conf");
  }
  if (url->scheme == "file") {
    if (!url->host.empty() && url->host != "localhost")
      return refuse(shown, "a file address names no host: write file:///path");
    return local_address(url->path, base);
  }
  if (std::ranges::find(k_schemes, url->scheme) == k_schemes.end()) {
    return refuse(shown, fmt::format("scheme {} is not allowed; use lp, {}, file or a path",
                                     printable(url->scheme, 20), fmt::join(k_schemes, ", ")));
  }
  if (url->host.starts_with('-') || url->user.starts_with('-'))
    return refuse(shown, "host and user may not start with a dash");
  return Address{false, std::string(text)};
}

}  // namespace

Result<Address> parse_address(std::string_view text, const fs::path& base) {
  if (text.empty()) return refuse(text, "it is empty");
  if (text.size() > 2000) return refuse(text, "it is longer than 2000 bytes");
  if (std::ranges::any_of(text, control)) return refuse(text, "it holds a control character");
  if (text.starts_with('-'))
    return refuse(text, "it starts with a dash, which brz would read as an option");
  if (text.starts_with("lp:")) {
    const auto name = text.substr(3);
    if (name.empty() || name.starts_with('-') || name.contains(' '))
      return refuse(text, "lp: needs the name of a branch");
    return Address{false, std::string(text)};
  }
  constexpr std::string_view k_nosmart = "nosmart+";
  const auto rest = text.starts_with(k_nosmart) ? text.substr(k_nosmart.size()) : text;
  if (rest.contains("://")) return scheme_address(text, rest, base);
  if (rest.find(':') < rest.find('/'))
    return refuse(text, "write lp:NAME, scheme://host/path or a path");
  return local_address(fs::path(text), base);
}

bool valid_revision_id(std::string_view text) {
  return !text.empty() && text.size() <= 500 && text != "null:" && !text.starts_with('-') &&
         !text.contains("..") &&
         std::ranges::none_of(text, [](char c) { return control(c) || c == ' '; });
}

Result<std::string> revision_spec(std::string_view text) {
  constexpr std::string_view k_revid = "revid:";
  const auto bare = text.starts_with(k_revid) ? text.substr(k_revid.size()) : text;
  if (!valid_revision_id(bare))
    return fail(ExitCode::usage,
                fmt::format("'{}' is not a revno, revision-id or tag", printable(text, 60)));
  if (bare.size() != text.size() || (bare.contains('@') && bare.contains('-')))
    return "revid:" + std::string(bare);
  if (bare.find_first_not_of("0123456789.") == std::string_view::npos) {
    if (bare.starts_with('.') || bare.ends_with('.') || bare.contains(".."))
      return fail(ExitCode::usage, fmt::format("'{}' is not a revno", printable(text, 60)));
    return "revno:" + std::string(bare);
  }
  if (bare.contains("..") || bare.contains(':'))
    return fail(ExitCode::usage,
                fmt::format("'{}' is not a revno, revision-id or tag", printable(text, 60)));
  return "tag:" + std::string(bare);
}

}  // namespace cdctl::bzr
