#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include <cdctl/error.hpp>

namespace cdctl::mojo {

/// Something wrong in a file of a spec, with the place that an editor can jump to.
struct Problem {
  std::string file;
  std::size_t line = 0;    ///< from 1; 0 = the file as a whole
  std::size_t column = 0;  ///< from 1, in bytes; 0 = the line as a whole
  std::string what;
  std::string_view rule =
      {};  ///< of lint_rules(), where the kind of the file alone does not say it

  /// `FILE:LINE:COL: what`
  [[nodiscard]] std::string str() const;
  friend bool operator==(const Problem&, const Problem&) = default;
};

/// All problems as one error line (exit code `config`): at most five are shown, the rest counted.
[[nodiscard]] Error to_error(const std::vector<Problem>& problems);

struct TextLine {
  std::size_t number = 0;  ///< from 1
  std::string_view text;   ///< without its line break
};

/// Splits a text file and checks what no file of ours may hold: a byte order mark, NUL bytes,
/// carriage returns, invalid UTF-8, lines over k_longest_line. Such lines are left out of the
/// answer and reported in `problems`.
[[nodiscard]] std::vector<TextLine> split_lines(std::string_view text, const std::string& file,
                                                std::vector<Problem>& problems);

/// The offset of the first byte that is not UTF-8 (overlong forms and surrogates included); npos
/// when all is well.
[[nodiscard]] std::size_t invalid_utf8(std::string_view text);

constexpr std::size_t k_longest_line = 64 * 1024;
/// Manifests, collect files and Procfiles larger than this are refused unread.
constexpr std::size_t k_largest_file = 32u << 20;

}  // namespace cdctl::mojo
