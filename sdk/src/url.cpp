#include <cdctl/url.hpp>

#include <algorithm>

#include <fmt/format.h>

namespace cdctl {

namespace {

bool unreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.' || c == '_' || c == '~';
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

std::string url_decode(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && hex_value(text[i + 1]) >= 0 &&
        hex_value(text[i + 2]) >= 0) {
      out += static_cast<char>(hex_value(text[i + 1]) * 16 + hex_value(text[i + 2]));
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

std::string url_encode(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (unreserved(c))
      out += c;
    else
      fmt::format_to(std::back_inserter(out), "%{:02X}",
                     static_cast<unsigned>(static_cast<unsigned char>(c)));
  }
  return out;
}

std::string Url::without_credentials() const {
  return fmt::format("{}://{}{}{}{}", scheme, host.contains(':') ? "[" + host + "]" : host,
                     port.empty() ? "" : ":", port, path);
}

namespace {

constexpr std::string_view k_hidden = "***";

/// `alice:hush` → `alice:***`; of an http address `***`.
std::string shown_user(std::string_view scheme, std::string_view info) {
  const bool http = scheme.ends_with("http") || scheme.ends_with("https");
  const auto mid = info.find(':');
  if (http) return std::string(k_hidden);
  if (mid == std::string_view::npos) return std::string(info);
  return fmt::format("{}:{}", info.substr(0, mid), k_hidden);
}

/// `?a=b&c` → `?a=***&c`.
std::string shown_query(std::string_view query) {
  std::string out;
  while (!query.empty()) {
    const auto end = std::min(query.find('&', 1), query.size());
    const auto part = query.substr(0, end);
    const auto equals = part.find('=');
    out += part.substr(0, equals);
    if (equals != std::string_view::npos) fmt::format_to(std::back_inserter(out), "={}", k_hidden);
    query.remove_prefix(end);
  }
  return out;
}

}  // namespace

std::string shown_address(std::string_view address) {
  const auto colon = address.find("://");
  if (colon == std::string_view::npos || colon == 0) return std::string(address);
  const auto scheme = address.substr(0, colon);
  auto rest = address.substr(colon + 3);
  const auto authority = rest.substr(0, rest.find_first_of("/?#"));
  rest.remove_prefix(authority.size());
  const auto at = authority.rfind('@');
  auto out = fmt::format("{}://", scheme);
  if (at != std::string_view::npos && at > 0)
    fmt::format_to(std::back_inserter(out), "{}@", shown_user(scheme, authority.substr(0, at)));
  out += at == std::string_view::npos ? authority : authority.substr(at + 1);
  const auto fragment = std::min(rest.find('#'), rest.size());
  const auto query = std::min(rest.find('?'), fragment);
  out += rest.substr(0, query);
  if (query < fragment) out += shown_query(rest.substr(query, fragment - query));
  if (fragment < rest.size()) fmt::format_to(std::back_inserter(out), "#{}", k_hidden);
  return out;
}

std::string with_shown_addresses(std::string_view text) {
  constexpr std::string_view k_ends = " \t\r\n\"'<>()[]{},;|`";
  std::string out;
  for (;;) {
    const auto at = text.find("://");
    if (at == std::string_view::npos) return out += text;
    const auto before = text.substr(0, at).find_last_of(k_ends);
    const auto begin = before == std::string_view::npos ? 0 : before + 1;
    const auto end = std::min(text.find_first_of(k_ends, at), text.size());
    out += text.substr(0, begin);
    out += shown_address(text.substr(begin, end - begin));
    text.remove_prefix(end);
  }
}

Result<Url> parse_url(std::string_view text) {
  Url url;
  const auto colon = text.find("://");
  if (colon == std::string_view::npos || colon == 0)
    return fail(ExitCode::config, "an address needs the form scheme://host[:port][/path]");
  if (std::ranges::any_of(
          text, [](char c) { return static_cast<unsigned char>(c) <= ' ' || c == 0x7f; })) {
    return fail(ExitCode::config, "an address may hold no blanks or control characters");
  }
  url.scheme = text.substr(0, colon);
  text.remove_prefix(colon + 3);
  const auto slash = std::min(text.find_first_of("/?#"), text.size());
  auto authority = text.substr(0, slash);
  url.path = text.substr(slash);
  if (const auto at = authority.rfind('@'); at != std::string_view::npos) {
    const auto info = authority.substr(0, at);
    authority.remove_prefix(at + 1);
    const auto mid = std::min(info.find(':'), info.size());
    url.user = url_decode(info.substr(0, mid));
    if (mid < info.size()) url.password = url_decode(info.substr(mid + 1));
  }
  if (authority.starts_with('[')) {
    const auto close = authority.find(']');
    if (close == std::string_view::npos)
      return fail(ExitCode::config, "an address has an unclosed [");
    url.host = authority.substr(1, close - 1);
    authority.remove_prefix(close + 1);
  } else {
    const auto mid = std::min(authority.find(':'), authority.size());
    url.host = authority.substr(0, mid);
    authority.remove_prefix(mid);
  }
  if (!authority.empty() && !authority.starts_with(':'))
    return fail(ExitCode::config, "an address has something between its ] and its port");
  if (!authority.empty()) url.port = authority.substr(1);
  if (url.host.empty() && url.scheme != "file")
    return fail(ExitCode::config, "an address names no host");
  if (!std::ranges::all_of(url.port, [](char c) { return c >= '0' && c <= '9'; }) ||
      url.port.size() > 5 || (url.port.size() == 5 && url.port > "65535")) {
    return fail(ExitCode::config, "an address has a port that is not a number up to 65535");
  }
  return url;
}

}  // namespace cdctl
