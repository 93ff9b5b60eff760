#include "plugins/mojo/lint/references.hpp"

#include <algorithm>
#include <array>

#include <cdctl/fs.hpp>
#include <cdctl/text.hpp>

namespace cdctl::mojo {

namespace {

constexpr std::size_t k_largest_text = 1 << 20;

bool in_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '-' || c == '.' || c == '+' || c == '@' || c == '~' ||
         static_cast<unsigned char>(c) >= 0x80;
}

/// Calls `each` with every run of letters of `text` that can be a file's name.
template <class Each>
void names_in(std::string_view text, Each&& each) {
  for (std::size_t at = 0; at < text.size();) {
    const auto begin = at;
    while (at < text.size() && in_name(text[at])) ++at;
    if (at > begin)
      each(text.substr(begin, at - begin));
    else
      ++at;
  }
}

/// What people read and tools keep for themselves: no manifest need name it.
bool exempt(const TreeEntry& entry) {
  constexpr std::array<std::string_view, 6> beginnings{".",       "README",  "LICENSE",
                                                       "LICENCE", "COPYING", "CHANGE"};
  const auto name = entry.name();
  if (std::ranges::any_of(beginnings,
                          [&](std::string_view beginning) { return name.starts_with(beginning); }))
    return true;
  if (name.ends_with(".md") || name.ends_with(".rst") || name == "__init__.py") return true;
  const auto path = '/' + entry.path;
  return path.contains("/doc/") || path.contains("/docs/") || path.contains("/.");
}

}  // namespace

void References::use(std::string_view path, bool manifest) {
  const auto* entry = tree_.find(path);
  if (!entry) return;
  if (manifest)
    searched_.insert(entry->kind == TreeEntry::Kind::link ? entry->target : entry->path);
  mark(static_cast<std::size_t>(entry - tree_.entries().data()));
}

void References::value(std::string_view value) {
  text(value);
  std::string glob;
  while (!value.empty()) {
    const auto open = value.find("${");
    glob += value.substr(0, open);
    if (open == std::string_view::npos) break;
    glob += '*';
    value.remove_prefix(std::min(value.find('}', open), value.size() - 1) + 1);
  }
  glob = glob.substr(glob.rfind('/') + 1);
  if (glob.contains('*') && glob.find_first_not_of('*') != std::string::npos)
    patterns_.insert(std::move(glob));
}

void References::mark(std::size_t entry) {
  if (live_[entry]) return;
  live_[entry] = true;
  todo_.push_back(entry);
}

void References::text(std::string_view text) {
  names_in(text, [&](std::string_view name) {
    word(name);
    // The end of a sentence.
    if (name.ends_with('.')) word(name.substr(0, name.find_last_not_of('.') + 1));
  });
}

void References::word(std::string_view word) {
  if (!words_.emplace(word).second) return;
  for (const auto entry : tree_.named(word)) mark(entry);
  // `import tides` of a Python script.
  for (const auto entry : tree_.named(std::string(word) + ".py")) mark(entry);
}

void References::read(const TreeEntry& entry) {
  if (!entry.to_file) return;
  const auto& real = entry.kind == TreeEntry::Kind::link ? entry.target : entry.path;
  if (const auto* target = tree_.find(real))
    mark(static_cast<std::size_t>(target - tree_.entries().data()));
  if (!searched_.insert(real).second) return;
  const auto bytes = read_file(tree_.spec() / real, k_largest_text);
  if (bytes && !bytes->contains('\0')) text(*bytes);
}

bool References::named(std::string_view name) const {
  if (std::ranges::any_of(patterns_,
                          [&](const std::string& pattern) { return glob_match(pattern, name); }))
    return true;
  // A name of several words, as with blanks, never is one word of a text.
  bool all = true;
  names_in(name, [&](std::string_view part) { all = all && words_.contains(std::string(part)); });
  return all;
}

Result<std::vector<std::string>> References::unnamed(const Deadline& deadline) {
  for (const auto& entry : tree_.entries()) {
    if (entry.kind == TreeEntry::Kind::link && entry.to_file) use(entry.target);
  }
  for (std::size_t i = 0; i < tree_.entries().size(); ++i) {
    if (tree_.entries()[i].to_file && named(tree_.entries()[i].name())) mark(i);
  }
  while (!todo_.empty()) {
    CDCTL_TRY(may_go_on(deadline));
    const auto next = todo_.back();
    todo_.pop_back();
    read(tree_.entries()[next]);
  }
  std::vector<std::string> paths;
  for (std::size_t i = 0; i < tree_.entries().size(); ++i) {
    const auto& entry = tree_.entries()[i];
    if (live_[i] || !entry.to_file || exempt(entry) || named(entry.name())) continue;
    // A lock belongs to its collect file.
    if (entry.name().ends_with(".lock") && named(entry.name().substr(0, entry.name().size() - 5)))
      continue;
    paths.push_back(entry.path);
  }
  return paths;
}

}  // namespace cdctl::mojo
