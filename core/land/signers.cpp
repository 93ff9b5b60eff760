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

bool is_kind(std::string_view word) {
  return word.starts_with("ssh-") || word.starts_with("ecdsa-") || word.starts_with("sk-");
}

/// Takes the names in front of a line, which may stand in quotes for the blanks in them.
std::string_view take_names(std::string_view& line) {
  if (!line.starts_with('"')) {
    const auto end = std::min(line.find_first_of(" \t"), line.size());
    const auto names = line.substr(0, end);
    line.remove_prefix(end);
    return names;
  }
  line.remove_prefix(1);
  return take_until(line, '"');
}

/// What is wrong with the rest of a line, after its names; empty when a key is in it.
std::string fault_of(std::string_view rest) {
  const auto all = words(rest);
  const auto kind = std::ranges::find_if(all, is_kind);
  if (kind == all.end())
    return all.empty() ? "has no key"
                       : "has no key of a kind that ssh-keygen knows (ssh-ed25519, …)";
  if (kind + 1 == all.end()) return fmt::format("has the word {} and no key behind it", *kind);
  const auto key = from_base64(*(kind + 1));
  if (!key) return fmt::format("has something else than a key behind {}", *kind);
  const auto fields = fields_of(*key);
  if (!fields || fields->size() < 2 || fields->back().empty()) return "has a key that was cut off";
  if (fields->front() != *kind) return fmt::format("has a key that is none of {}", *kind);
  return {};
}

}  // namespace

SignersSeen look_at_signers(std::string_view text) {
  SignersSeen out;
  std::size_t number = 0;
  for (const auto line : lines(text)) {
    ++number;
    auto rest = trimmed(line);
    if (rest.empty() || rest.starts_with('#')) continue;
    const auto names = take_names(rest);
    if (const auto what = fault_of(rest); !what.empty()) {
      out.faults.push_back({number, fmt::format("{} {}", printable(names, 80), what)});
      continue;
    }
    const auto one = [](std::string_view name) { return names_one_person(trimmed(name)); };
    if (std::ranges::any_of(split(names, ','), one)) ++out.good;
  }
  return out;
}

}  // namespace cdctl::land
