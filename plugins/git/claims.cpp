#include "plugins/git/claims.hpp"

#include <algorithm>
#include <array>

#include <cdctl/text.hpp>

namespace cdctl::git {

namespace {

bool goes_on(std::string_view line) { return line.starts_with(' ') || line.starts_with('\t'); }

bool is_claim(std::string_view line, const std::vector<std::string>& reviewers) {
  static constexpr std::array<std::string_view, 3> k_own{"land-head", "land-state", "land-commit"};
  const auto colon = line.find(':');
  if (colon == line.npos || goes_on(line)) return false;
  std::string name(trimmed(line.substr(0, colon)));
  for (auto& c : name)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c | 0x20);
  if (std::ranges::find(k_own, name) != k_own.end()) return true;
  return name == "reviewed-by" &&
         std::ranges::find(reviewers, trimmed(line.substr(colon + 1))) == reviewers.end();
}

/// Calls `each` with every line, and whether it is of a claim.
template <class Each>
void walk(std::string_view message, const std::vector<std::string>& reviewers, Each each) {
  bool titled = false, claim = false;
  for (const auto line : lines(message)) {
    if (!titled) {  // a title is no trailer, whatever it says
      titled = !trimmed(line).empty();
      each(line, false);
      continue;
    }
    claim = is_claim(line, reviewers) || (claim && goes_on(line));
    each(line, claim);
  }
}

}  // namespace

bool makes_claims(std::string_view message, const std::vector<std::string>& reviewers) {
  bool out = false;
  walk(message, reviewers, [&](std::string_view, bool claim) { out = out || claim; });
  return out;
}

std::string without_claims(std::string_view message, const std::vector<std::string>& reviewers) {
  std::string out;
  walk(message, reviewers, [&](std::string_view line, bool claim) {
    if (!claim) out.append(line).push_back('\n');
  });
  return out;
}

}  // namespace cdctl::git
