#include "plugins/rabbit/broker/names.hpp"

#include <algorithm>
#include <iterator>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "plugins/rabbit/broker/frameworks.hpp"

namespace cdctl::rabbit {

std::string_view too_wide(std::string_view name) {
  constexpr std::string_view ours = "cdctl.", theirs = "amq.", server_named = "amq.gen-";
  const auto letters = name.substr(0, std::min(name.find('*'), name.size()));
  const bool stars = letters.size() < name.size();
  if (letters.starts_with(ours) || (stars && ours.starts_with(letters)))
    return "reaches names that begin with cdctl., which are cdctl's own";
  if (letters.starts_with(server_named)) return {};
  if ((stars && letters.starts_with(theirs)) || (stars && theirs.starts_with(letters)))
    return "reaches names that begin with amq., which are RabbitMQ's own; amq.gen-* are those that "
           "it gives to queues";
  return {};
}

namespace {

constexpr std::string_view k_escaped = "\\^$.|?*+()[]{}-/#";

}  // namespace

std::string escaped(std::string_view name) {
  std::string out;
  for (const char c : name) {
    if (k_escaped.contains(c)) out += '\\';
    out += c;
  }
  return out;
}

std::string with_stars(std::string_view name) {
  std::string out;
  for (const char c : name) out += c == '*' ? ".*" : escaped(std::string_view(&c, 1));
  return out;
}

namespace {

// \z and not $, which also matches before a final line break.
constexpr std::string_view k_head = "^(?:", k_tail = ")\\z", k_nothing = "^$";

/// What lies between the bars of a pattern of ours.
std::vector<std::string_view> alternatives(std::string_view pattern) {
  std::vector<std::string_view> out;
  std::size_t from = 0;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] == '\\') {
      ++i;
    } else if (pattern[i] == '|') {
      out.push_back(pattern.substr(from, i - from));
      from = i + 1;
    }
  }
  out.push_back(pattern.substr(from));
  return out;
}

/// Whether escaped() or with_stars() has written it.
bool one_of_ours(std::string_view pattern) {
  if (is_own_names(pattern)) return true;
  std::string letters;  // up to the first star
  bool stars = false;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (pattern.substr(i).starts_with(".*")) {
      stars = true;
      ++i;
      continue;
    }
    if (pattern[i] == '\\') {
      // \w and the like stand for more than themselves.
      if (++i == pattern.size() || !k_escaped.contains(pattern[i])) return false;
    } else if (std::string_view("^$.?*+()[]{}").contains(pattern[i])) {
      return false;
    }
    if (!stars) letters += pattern[i];
  }
  return !stars || too_wide(letters + "*").empty();
}

}  // namespace

bool of_our_making(std::string_view pattern) {
  if (pattern == k_nothing) return true;
  if (pattern.size() < k_head.size() + k_tail.size() || !pattern.starts_with(k_head) ||
      !pattern.ends_with(k_tail))
    return false;
  pattern.remove_prefix(k_head.size());
  pattern.remove_suffix(k_tail.size());
  return std::ranges::all_of(alternatives(pattern), one_of_ours);
}

std::string any_of(const std::vector<std::string>& patterns) {
  if (patterns.empty()) return std::string(k_nothing);
  return fmt::format("{}{}{}", k_head, fmt::join(patterns, "|"), k_tail);
}

std::string exactly(const std::vector<std::string>& names) {
  std::vector<std::string> patterns;
  std::ranges::transform(names, std::back_inserter(patterns), escaped);
  return any_of(patterns);
}

}  // namespace cdctl::rabbit
