#include "core/land/signers.hpp"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include <cdctl/reviewers.hpp>
#include <cdctl/text.hpp>

namespace cdctl::land {

namespace {

/// The fields of a key as SSH writes it, each with its length in front; empty where the last one is
/// not whole.
std::optional<std::vector<std::string_view>> fields_of(std::string_view key) {
  std::vector<std::string_view> out;
  while (!key.empty()) {
    if (key.size() < 4) return {};
    std::size_t size = 0;
    for (const char c : key.substr(0, 4)) size = size << 8 | static_cast<unsigned char>(c);
    key.remove_prefix(4);
    if (size > key.size()) return {};
    out.push_back(key.substr(0, size));
    key.remove_prefix(size);
  }
  return out;
}

/// What is wrong with the names of a line; empty when nothing is.
std::string fault_of_names(std::string_view names) {
  for (const auto name : split(names, ','))
    if (const auto odd = odd_in_name(name); !odd.empty())
      return fmt::format(
          "has {}, so nobody's vote counts by that name: write addresses, with "
          "commas alone between them",
          odd);
  return {};
}

/// What is wrong with the key of a line; empty when nothing is.
std::string fault_of_key(const SignersLine& line) {
  if (line.rest.empty()) return "has no key";
  if (line.kind.empty()) return "has no key of a kind that ssh-keygen knows (ssh-ed25519, …)";
  if (line.key.empty()) return fmt::format("has the word {} and no key behind it", line.kind);
  const auto key = from_base64(line.key);
  if (!key) return fmt::format("has something else than a key behind {}", line.kind);
  const auto fields = fields_of(*key);
  if (!fields || fields->size() < 2 || fields->back().empty()) return "has a key that was cut off";
  if (fields->front() != line.kind) return fmt::format("has a key that is none of {}", line.kind);
  return {};
}

}  // namespace

SignersSeen look_at_signers(std::string_view text) {
  SignersSeen out;
  const auto all = signers_lines(text);
  for (const auto& line : all) {
    auto what = fault_of_key(line);
    if (what.empty()) what = fault_of_names(line.names);
    if (!what.empty())
      out.faults.push_back({line.number, fmt::format("{} {}", printable(line.names, 80), what)});
    else if (std::ranges::any_of(split(line.names, ','), names_one_person))
      ++out.good;
  }
  return out;
}

}  // namespace cdctl::land
