#include "plugins/git/claims.hpp"

#include <algorithm>
#include <array>

#include <cdctl/text.hpp>

namespace cdctl::git {

namespace {

bool goes_on(std::string_view line) { return line.starts_with(' ') || line.starts_with('\t'); }

/// The name in front of a colon, in lower case.
std::string trailer_name(std::string_view line) {
  const auto colon = line.find(':');
  if (colon == line.npos || goes_on(line)) return {};
  std::string name(trimmed(line.substr(0, colon)));
  for (auto& c : name)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c | 0x20);
  return name;
}

/// Whether a line is of those that only the lander can know.
bool is_ours(std::string_view line) {
  static constexpr std::array<std::string_view, 4> k_ours{"land-head", "land-state", "land-commit",
                                                          "reviewed-by"};
  return std::ranges::find(k_ours, trailer_name(line)) != k_ours.end();
}

bool is_claim(std::string_view line, const std::vector<std::string>& reviewers) {
  return is_ours(line) && (trailer_name(line) != "reviewed-by" ||
                           std::ranges::find(reviewers, trimmed(line.substr(line.find(':') + 1))) ==
                               reviewers.end());
}

/// Calls `each` with every line, and whether it is of a claim.
template <class Each>
void walk(std::string_view message, const std::vector<std::string>& reviewers, Each each) {
  bool titled = false, ours = false;
  for (const auto line : lines(message)) {
    if (!titled) {  // a title is no trailer, whatever it says
      titled = !trimmed(line).empty();
      each(line, false);
      continue;
    }
    // What goes on behind a line of ours adds to who is named in it.
    if (!goes_on(line)) ours = is_ours(line);
    each(line, goes_on(line) ? ours : is_claim(line, reviewers));
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
