#include "plugins/mojo/lint/manifest_fixes.hpp"

#include <algorithm>
#include <map>
#include <tuple>

#include <cdctl/text.hpp>

#include "plugins/mojo/manifest/manifest.hpp"
#include "plugins/mojo/text/words.hpp"

namespace cdctl::mojo {

namespace {

constexpr std::string_view k_blanks = " \t";

/// A word of a phase line, and what becomes of it.
struct FixedWord {
  ShellWord word;
  std::string_view raw;  ///< as it is written
  std::string_view key;  ///< without dashes; empty when it is not an option
  bool dropped = false;
  bool dashed = false;
};

/// Repairs one line after the other.
class Fixer {
 public:
  explicit Fixer(FixedText& out) : out_(out) {}

  void line(std::size_t number, std::string_view text) {
    number_ = number;
    const auto first = text.find_first_not_of(k_blanks);
    const bool phase = first != std::string_view::npos && text[first] != '#';
    if (phase)
      phase_line(text);
    else
      end(text, first == std::string_view::npos ? 0 : text.find_last_not_of(k_blanks) + 1);
  }

 private:
  void phase_line(std::string_view text) {
    Problem problem;
    const auto words = shell_words(text, problem);
    if (!problem.what.empty() || text.find('\r') != std::string_view::npos) {
      out_.text += text;
      return;
    }
    auto pieces = pieces_of(words, text);
    drop_repeated(pieces);
    std::size_t at = 0;
    for (const auto& piece : pieces) {
      // A word goes with the blanks before it, so that the others keep theirs.
      if (!piece.dropped) out_.text += text.substr(at, piece.word.column - 1 - at);
      if (piece.dashed) note(piece.word.column, "dashed-option");
      if (!piece.dropped) out_.text += piece.raw.substr(piece.dashed ? 2 : 0);
      at = piece.word.end - 1;
    }
    end(text, at, at);
  }
  static std::vector<FixedWord> pieces_of(const std::vector<ShellWord>& words,
                                          std::string_view text) {
    std::vector<FixedWord> pieces;
    for (const auto& word : words) {
      FixedWord piece{word, text.substr(word.column - 1, word.end - word.column), {}, false, false};
      const auto equals = std::string_view(word.text).find('=');
      // Not a view into the copy: short strings move with their owner.
      if (!pieces.empty() && equals != std::string_view::npos)
        piece.key = std::string_view(word.text).substr(0, equals);
      // Only dashes that are written plainly can be taken away without a look at the quotes.
      piece.dashed = piece.key.size() > 2 && piece.key.starts_with("--") && piece.key[2] != '-' &&
                     piece.raw.starts_with("--");
      if (piece.key.starts_with("--")) piece.key.remove_prefix(2);
      pieces.push_back(std::move(piece));
    }
    return pieces;
  }
  void drop_repeated(std::vector<FixedWord>& pieces) {
    std::map<std::string_view, FixedWord*> last;
    for (auto& piece : pieces) {
      if (piece.key.empty()) continue;
      const auto [at, fresh] = last.try_emplace(piece.key, &piece);
      if (fresh) continue;
      at->second->dropped = true;
      at->second = &piece;
      note(piece.word.column, "repeated-option");
    }
  }
  /// The rest of a line whose bytes up to `written` are done: blanks from `content` on go.
  void end(std::string_view text, std::size_t content, std::size_t written = 0) {
    out_.text += text.substr(written, content - written);
    if (content < text.size()) note(content + 1, "trailing-blanks");
  }
  void note(std::size_t column, std::string_view rule) {
    out_.fixes.push_back({number_, column, rule});
  }

  FixedText& out_;
  std::size_t number_ = 0;
};

/// What a run would take from each row: its line and phase, and the value of each option that
/// counts.
using Meaning = std::tuple<std::size_t, std::string, std::map<std::string, std::string>>;
std::vector<Meaning> meaning(const Manifest& manifest) {
  std::vector<Meaning> rows;
  for (const auto& row : manifest.rows) {
    std::map<std::string, std::string> values;
    for (const auto& option : row.options)
      values[option.key.starts_with("--") ? option.key.substr(2) : option.key] = option.value;
    rows.emplace_back(row.line, row.phase, std::move(values));
  }
  return rows;
}

}  // namespace

FixedText fix_manifest(std::string_view text) {
  FixedText out;
  Fixer fixer(out);
  std::size_t number = 0;
  for (auto rest = text; !rest.empty(); out.text += '\n') {
    const auto line = take_until(rest, '\n');
    fixer.line(++number, line);
    if (rest.empty() && !text.ends_with('\n'))
      out.fixes.push_back({number, line.size() + 1, "missing-newline"});
  }
  const auto before = parse_manifest(text, ""), after = parse_manifest(out.text, "");
  if (before.problems.size() != after.problems.size() || meaning(before) != meaning(after))
    return {std::string(text), {}};
  std::ranges::stable_sort(out.fixes, {},
                           [](const TextFix& fix) { return std::pair(fix.line, fix.column); });
  return out;
}

}  // namespace cdctl::mojo
