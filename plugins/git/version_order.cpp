#include "plugins/git/version_order.hpp"

#include <algorithm>
#include <array>

namespace cdctl::git {

namespace {

bool digit(char c) { return c >= '0' && c <= '9'; }

/// What follows a common beginning: a pre-release is older than nothing, and nothing is older than
/// anything else.
int rank(std::string_view rest) {
  constexpr std::array<std::string_view, 7> marks{"alpha", "beta",     "rc",    "pre",
                                                  "dev",   "snapshot", "canary"};
  if (rest.empty()) return 0;
  if (rest.front() == '~') return -1;
  if (std::string_view("-._").contains(rest.front())) rest.remove_prefix(1);
  const auto same = [](char x, char y) { return (x | 0x20) == y; };
  const bool early = std::ranges::any_of(marks, [&](std::string_view mark) {
    return rest.size() >= mark.size() &&
           std::ranges::equal(rest.substr(0, mark.size()), mark, same);
  });
  return early ? -1 : 1;
}

std::string_view take_number(std::string_view& text) {
  const auto end = std::ranges::find_if_not(text, digit);
  auto number = text.substr(0, static_cast<std::size_t>(end - text.begin()));
  text.remove_prefix(number.size());
  number.remove_prefix(std::min(number.find_first_not_of('0'), number.size()));
  return number;
}

}  // namespace

std::strong_ordering compare_versions(std::string_view a, std::string_view b) {
  auto x = a, y = b;
  while (!x.empty() || !y.empty()) {
    if (!x.empty() && !y.empty() && digit(x.front()) && digit(y.front())) {
      const auto m = take_number(x), n = take_number(y);
      if (m.size() != n.size()) return m.size() <=> n.size();
      if (m != n) return m <=> n;
      continue;
    }
    if (const int r = rank(x), s = rank(y); r != s) return r <=> s;
    if (x.empty() || y.empty()) break;  // both have the same rank, so both are empty
    if (x.front() != y.front())
      return static_cast<unsigned char>(x.front()) <=> static_cast<unsigned char>(y.front());
    x.remove_prefix(1);
    y.remove_prefix(1);
  }
  return a <=> b;
}

}  // namespace cdctl::git
