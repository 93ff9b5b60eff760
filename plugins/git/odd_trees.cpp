#include "plugins/git/odd_trees.hpp"

#include <algorithm>
#include <array>
#include <set>
#include <span>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include <cdctl/text.hpp>

#include "plugins/git/git_command.hpp"

namespace cdctl::git {

namespace {

constexpr std::size_t k_at_once = 1000;        ///< trees that are held
constexpr std::size_t k_longest = 128u << 20;  ///< of the list of them

/// A tree that git itself cannot walk, in its own words.
bool cannot_be_read(std::string_view said) {
  constexpr std::array<std::string_view, 3> k_words{
      "too-short tree", "malformed mode in tree entry", "empty filename in tree entry"};
  return std::ranges::any_of(k_words, [&](std::string_view word) { return said.contains(word); });
}

bool is_dot_git(std::string_view name) {
  return name.size() == 4 && name[0] == '.' && (name[1] | 0x20) == 'g' && (name[2] | 0x20) == 'i' &&
         (name[3] | 0x20) == 't';
}

struct NewTree {
  std::string id, folder;
};

/// The trees of the commits that only the head has, those that the base has left out.
std::vector<NewTree> trees_in(std::string_view listing) {
  std::vector<NewTree> out;
  for (auto line : lines(listing)) {  // a commit is its id alone
    if (!line.contains(' ')) continue;
    const auto id = take_until(line, ' ');
    out.push_back({std::string(id), std::string(line)});
  }
  return out;
}

}  // namespace

std::string odd_entry(std::string_view raw, std::size_t id_bytes, std::string_view folder) {
  const auto path = [&](std::string_view name) {
    return printable(fmt::format("{}{}{}", folder, folder.empty() ? "" : "/", name), 120);
  };
  std::set<std::string_view> seen;
  std::string before;
  while (!raw.empty()) {
    const auto end = raw.find('\0');
    if (end == raw.npos || raw.size() - end - 1 < id_bytes)
      return fmt::format("the folder {} cannot be read", folder.empty() ? "/" : path(""));
    auto name = raw.substr(0, end);
    const auto mode = take_until(name, ' ');
    raw.remove_prefix(end + 1 + id_bytes);
    if (name.empty() || name == "." || name == ".." || name.contains('/') || is_dot_git(name))
      return fmt::format("nothing can be called {}", path(name));
    if (!seen.insert(name).second) return fmt::format("{} is there twice", path(name));
    // A folder is sorted as if a slash stood behind its name.
    auto sorted = std::string(name) + (mode == "40000" || mode == "040000" ? "/" : "");
    if (sorted < before)
      return fmt::format("{} is not where it has to be in its folder", path(name));
    before = std::move(sorted);
  }
  return {};
}

Result<std::string> odd_tree(const Workshop& workshop, const std::string& base,
                             const std::string& head, const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(const auto listed, workshop.git({"rev-list", "--objects", "--filter=blob:none",
                                                    "--end-of-options", base + ".." + head},
                                                   deadline));
  if (!listed.ok() && !listed.timed_out && !listed.interrupted && cannot_be_read(listed.err))
    return std::string("a folder cannot be read");
  if (!listed.ok()) return fail(explain(listed));
  if (listed.out.size() >= k_longest) return std::string("more folders than can be looked at");
  const auto trees = trees_in(listed.out);
  for (std::size_t first = 0; first < trees.size(); first += k_at_once) {
    const auto some = std::span(trees).subspan(first, std::min(k_at_once, trees.size() - first));
    std::vector<std::string> ids;
    for (const auto& tree : some) ids.push_back(tree.id);
    CDCTL_TRY_ASSIGN(const auto texts, workshop.texts(ids, deadline));
    for (std::size_t i = 0; i < some.size(); ++i) {
      auto odd = odd_entry(texts[i], some[i].id.size() / 2, some[i].folder);
      if (odd.empty()) continue;
      CDCTL_TRY_ASSIGN(const auto own, workshop.texts({base + ":" + some[i].folder}, deadline));
      if (odd_entry(own.front(), some[i].id.size() / 2, some[i].folder) != odd) return odd;
    }
  }
  return std::string();
}

}  // namespace cdctl::git
