#include "plugins/webhook/address.hpp"

#include <algorithm>
#include <utility>

#include <cdctl/url.hpp>

namespace cdctl::webhook {

namespace {

constexpr std::size_t k_secret_part = 8;
constexpr std::string_view k_separators = "/?&=#;,";

}  // namespace

bool is_web_address(std::string_view address) {
  const auto url = parse_url(address);
  return url && (url->scheme == "http" || url->scheme == "https");
}

std::vector<std::string> secret_parts(std::string_view address) {
  const auto url = parse_url(address);
  if (!url) return {};
  std::vector<std::string> out{url->path};
  std::string_view rest = url->path;
  while (!rest.empty()) {
    const auto end = std::min(rest.find_first_of(k_separators), rest.size());
    const auto part = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (part.size() < k_secret_part) continue;
    out.emplace_back(part);
    if (auto plain = url_decode(part); plain != part) out.push_back(std::move(plain));
  }
  return out;
}

}  // namespace cdctl::webhook
