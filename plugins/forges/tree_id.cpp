#include "plugins/forges/tree_id.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <iterator>
#include <utility>
#include <vector>

#include <sha1.h>

#include <fmt/format.h>

#include <cdctl/digest.hpp>

namespace cdctl::forges {

namespace {

std::string sha1_hex(std::string_view bytes) {
  SHA1_CTX context;
  SHA1Init(&context);
  SHA1Update(&context, reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
  std::array<std::uint8_t, SHA1_DIGEST_LENGTH> digest{};
  SHA1Final(digest.data(), &context);
  std::string out;
  for (const auto byte : digest) fmt::format_to(std::back_inserter(out), "{:02x}", byte);
  return out;
}

/// The bytes of an id in hex; empty for what is none.
std::string bytes_of(std::string_view hex) {
  if (hex.size() != 40 && hex.size() != 64) return {};
  const auto value = [](char c) {
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
  };
  std::string out;
  for (std::size_t i = 0; i < hex.size(); i += 2) {
    const int high = value(hex[i]), low = value(hex[i + 1]);
    if (high < 0 || low < 0) return {};
    out += static_cast<char>(high * 16 + low);
  }
  return out;
}

}  // namespace

std::string tree_id(const Json::Array& entries, const TreeWords& words) {
  std::vector<std::pair<std::string, std::string>> all;  // as git sorts them, and as it writes them
  bool sha256 = false;
  for (const auto& entry : entries) {
    auto mode = entry["mode"].view();
    const auto name = entry[words.name].as_string();
    const auto id = bytes_of(entry[words.id].view());
    while (mode.starts_with('0')) mode.remove_prefix(1);
    if (mode.empty() || name.empty() || id.empty()) return {};
    sha256 = id.size() > 20;
    auto line = fmt::format("{} {}", mode, name);
    line += '\0';
    all.emplace_back(name + (mode == "40000" ? "/" : ""), line + id);
  }
  std::ranges::sort(all);
  std::string body;
  for (const auto& [name, line] : all) body += line;
  auto text = fmt::format("tree {}", body.size());
  text += '\0';
  text += body;
  return sha256 ? sha256_hex(text) : sha1_hex(text);
}

}  // namespace cdctl::forges
