#include "plugins/git/repository_name.hpp"

#include <algorithm>
#include <iterator>
#include <vector>

#include <fmt/format.h>

#include <cdctl/text.hpp>
#include <cdctl/url.hpp>

namespace cdctl::git {

namespace fs = std::filesystem;

namespace {

/// An address, taken apart: without its scheme, and without what means the same.
struct Place {
  Transport transport = Transport::local;
  std::string host, port, user;   ///< the user where a path begins in their home
  std::vector<std::string> path;  ///< `~` first where it begins there
};

std::vector<std::string> parts_of(std::string_view path) {
  std::vector<std::string> out;
  for (const auto part : split(path, '/'))
    if (!part.empty()) out.emplace_back(part);
  if (!out.empty() && out.back() == ".git" && out.size() > 1) out.pop_back();
  if (!out.empty() && out.back().ends_with(".git") && out.back().size() > 4)
    out.back().resize(out.back().size() - 4);
  return out;
}

std::string lower(std::string text) {
  for (auto& c : text)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c | 0x20);
  return text;
}

Place of_scheme(const Address& address, const Url& url) {
  Place out;
  out.transport = address.transport;
  out.host = lower(url.host);
  const std::string_view usual = url.scheme == "https" ? "443" : url.scheme == "http" ? "80" : "22";
  if (url.port != usual) out.port = url.port;
  out.path = parts_of(url.path);
  if (address.transport == Transport::ssh && !out.path.empty() && out.path[0] == "~")
    out.user = url.user;
  return out;
}

/// `git@git.example:thumbs.git`
Place of_words(const Address& address) {
  Place out;
  out.transport = Transport::ssh;
  std::string_view path = address.url;
  const auto host = take_until(path, ':');
  const auto at = host.find('@');
  out.host = lower(std::string(at == host.npos ? host : host.substr(at + 1)));
  out.path = parts_of(path);
  if (path.starts_with('/')) return out;
  if (at != host.npos) out.user = host.substr(0, at);
  if (out.path.empty() || out.path[0] != "~") out.path.insert(out.path.begin(), "~");
  return out;
}

Place place_of(const Address& address) {
  if (address.transport == Transport::local) {
    Place out;
    out.path = parts_of(repository_name(address));
    return out;
  }
  if (const auto url = parse_url(address.url); url && address.url.contains("://"))
    return of_scheme(address, *url);
  return of_words(address);
}

bool same_place(const Place& one, const Place& other) {
  return one.transport == other.transport && one.host == other.host && one.port == other.port &&
         (one.user == other.user || one.user.empty() || other.user.empty()) &&
         one.path == other.path;
}

/// Whether two that are reached in different ways may be one: nobody can tell where a server has
/// what it shows.
bool may_be_one(const Place& one, const Place& other) {
  if (!one.host.empty() && !other.host.empty() && one.host != other.host) return false;
  const auto parts = [](const Place& place) {
    auto out = place.path;
    if (!out.empty() && out.front() == "~") out.erase(out.begin());
    return out;
  };
  const auto some = parts(one), more = parts(other);
  if (some.empty() || more.empty()) return false;
  const auto [a, b] = std::ranges::mismatch(some.rbegin(), some.rend(), more.rbegin(), more.rend());
  return a == some.rend() || b == more.rend();
}

}  // namespace

std::string repository_name(const Address& address) {
  if (address.transport != Transport::local) return without_user(address.url);
  std::error_code error;
  const auto real = fs::weakly_canonical(address.url, error);
  return error ? address.url : real.string();
}

bool is_repository(std::string_view name, const Address& ours, std::span<const Address> others) {
  const auto given = parse_address(name, "/");
  if (!given) return false;
  const auto theirs = place_of(*given), own = place_of(ours);
  if (same_place(theirs, own)) return true;
  if (!others.empty())
    return std::ranges::any_of(
        others, [&](const Address& other) { return same_place(theirs, place_of(other)); });
  return theirs.transport != own.transport && may_be_one(theirs, own);
}

std::string why_elsewhere(std::string_view name, const Address& ours,
                          std::span<const Address> others) {
  if (name.empty())
    return others.empty() ? "" : "it does not say of which repository, as git.known_as asks";
  if (is_repository(name, ours, others)) return {};
  return fmt::format(
      "it is a review for the repository {}: if that is this one, name it in "
      "git.known_as",
      printable(shown_address(name), 120));
}

}  // namespace cdctl::git
