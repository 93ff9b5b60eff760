#include "plugins/mojo/lint/series.hpp"

#include <algorithm>
#include <array>
#include <ranges>

#include <cdctl/fs.hpp>
#include <cdctl/text.hpp>

namespace cdctl::mojo {

namespace {

/// Releases that specs are likely to be run on, for machines without distro-info.
constexpr std::array k_known{"trusty", "xenial",   "bionic", "focal",    "jammy",    "noble",
                             "plucky", "questing", "buster", "bullseye", "bookworm", "trixie"};
/// Shorter names (sid, bo) and this one are words of other things, too.
constexpr std::size_t k_shortest = 4;
constexpr std::string_view k_plain_word = "experimental";

bool in_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/// Calls `each` with every word of `text` that is not inside `${...}`, until it answers true.
template <class Each>
void words_of(std::string_view text, Each&& each) {
  for (std::size_t at = 0; at < text.size();) {
    if (text.compare(at, 2, "${") == 0) {
      at = std::min(text.find('}', at), text.size());
    } else if (in_word(text[at])) {
      const auto begin = at;
      while (at < text.size() && in_word(text[at])) ++at;
      if (each(text.substr(begin, at - begin))) return;
    } else {
      ++at;
    }
  }
}

}  // namespace

SeriesNames::SeriesNames() {
  read("/usr/share/distro-info/ubuntu.csv");
  read("/usr/share/distro-info/debian.csv");
  names_.insert(k_known.begin(), k_known.end());
}

void SeriesNames::read(const char* file) {
  const auto text = read_file_if_there(file);
  if (!text || !*text) return;
  // version,codename,series,created,...: the first line names the columns.
  for (const auto line : lines(**text) | std::views::drop(1)) {
    const auto columns = split(line, ',');
    if (columns.size() < 3) continue;
    const auto name = columns[2];
    if (name.size() >= k_shortest && name != k_plain_word && std::ranges::all_of(name, in_word))
      names_.emplace(name);
  }
}

std::string_view SeriesNames::find(std::string_view text) const {
  std::string_view found;
  words_of(text, [&](std::string_view word) {
    if (names_.contains(word)) found = word;
    return !found.empty();
  });
  return found;
}

bool holds_word(std::string_view text, std::string_view name) {
  bool found = false;
  words_of(text, [&](std::string_view word) { return found = found || word == name; });
  return found;
}

}  // namespace cdctl::mojo
