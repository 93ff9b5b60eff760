#include "plugins/mojo/manifest/manifest.hpp"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include <cdctl/text.hpp>

#include "plugins/mojo/manifest/phase_table.hpp"
#include "plugins/mojo/text/words.hpp"

namespace cdctl::mojo {

namespace {

/// Reads one phase line into a row, or notes why not.
class PhaseLineReader {
 public:
  PhaseLineReader(Manifest& manifest, std::size_t line) : manifest_(manifest), line_(line) {}

  void read(std::string_view text) {
    Problem problem{manifest_.path, line_, 0, {}};
    const auto words = shell_words(text, problem);
    if (!problem.what.empty()) {
      manifest_.problems.push_back(std::move(problem));
      return;
    }
    ManifestRow row{line_, words.front().text, {}};
    if (!phase_rule(row.phase)) wrong(words.front().column, no_phase(row.phase));
    for (std::size_t i = 1; i < words.size(); ++i) option(row, words[i]);
    manifest_.rows.push_back(std::move(row));
  }

 private:
  std::string no_phase(const std::string& word) const {
    // A file that is not a manifest at all can have a million such lines: only the first are worth
    // a search for what was meant.
    return manifest_.problems.size() < 100 ? unknown_phase(word)
                                           : fmt::format("'{}' is no phase", printable(word, 60));
  }
  void option(ManifestRow& row, const ShellWord& word) {
    const auto equals = word.text.find('=');
    if (equals == std::string::npos || equals == 0) {
      return wrong(word.column,
                   fmt::format("'{}' is no key=value; write NAME=value, with quotes around blanks",
                               printable(word.text, 60)));
    }
    auto key = word.text.substr(0, equals);
    const auto bare = key.starts_with("--") ? key.substr(2) : key;
    if (const auto why = bad_key(bare); !why.empty()) return wrong(word.column, why);
    if (bare != key)
      warn(word.column, "dashed-option",
           fmt::format("{} is read as {}; leave the dashes out", key, bare));
    if (!keys_.emplace(bare).second)
      warn(word.column, "repeated-option",
           fmt::format("{} is given again; the last one counts", bare));
    row.options.push_back({std::move(key), word.text.substr(equals + 1), word.column});
  }
  static std::string bad_key(std::string_view key) {
    const auto fits = [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
             c == '_' || c == '-';
    };
    if (!key.empty() && !key.starts_with('-') && std::ranges::all_of(key, fits)) return {};
    return fmt::format("'{}' is no option name", printable(key, 60));
  }
  void wrong(std::size_t column, std::string what) {
    manifest_.problems.push_back({manifest_.path, line_, column, std::move(what)});
  }
  void warn(std::size_t column, std::string_view rule, std::string what) {
    manifest_.warnings.push_back({manifest_.path, line_, column, std::move(what), rule});
  }

  Manifest& manifest_;
  std::size_t line_;
  std::set<std::string, std::less<>> keys_;  ///< without dashes
};

}  // namespace

const PhaseOption* ManifestRow::find(std::string_view key) const {
  const PhaseOption* found = nullptr;
  for (const auto& option : options) {
    if (option.key == key ||
        (option.key.starts_with("--") && std::string_view(option.key).substr(2) == key))
      found = &option;
  }
  return found;
}

std::string quoted_word(std::string_view word) {
  // A # means a comment only at the start of a line, but a word does not know where it will be.
  if (!word.empty() && !word.starts_with('#') &&
      word.find_first_of(" \t'\"\\") == std::string_view::npos)
    return std::string(word);
  std::string out = "'";
  for (const char c : word) {
    if (c == '\'')
      out += "'\\''";
    else
      out += c;
  }
  return out + "'";
}

std::string print_manifest(const Manifest& manifest) {
  std::string out;
  for (const auto& row : manifest.rows) {
    out += quoted_word(row.phase);
    for (const auto& option : row.options) {
      out += ' ' + option.key + '=';
      if (!option.value.empty()) out += quoted_word(option.value);
    }
    out += '\n';
  }
  return out;
}

Manifest parse_manifest(std::string_view text, std::string path) {
  Manifest manifest;
  manifest.path = std::move(path);
  for (const auto& line : split_lines(text, manifest.path, manifest.problems)) {
    const auto content = trimmed(line.text);
    if (content.empty() || content.starts_with('#')) continue;
    PhaseLineReader(manifest, line.number).read(line.text);
  }
  // Bytes that no line may hold were found first; people read from top to bottom.
  std::ranges::stable_sort(manifest.problems, {}, &Problem::line);
  return manifest;
}

}  // namespace cdctl::mojo
