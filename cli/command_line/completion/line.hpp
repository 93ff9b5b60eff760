#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cdctl::cli::completion {

/// A word as typed, without its quotes. Quotes and backslashes are read as bash, zsh and fish have
/// them in common.
struct Unquoted {
  std::string text;
  char open = 0;  ///< the quote that is still open at its end
};
[[nodiscard]] Unquoted unquote(std::string_view raw);

/// A command line up to the cursor.
struct TypedLine {
  std::vector<std::string>
      words;        ///< after the program's name; the last one is being typed, and may be empty
  std::string raw;  ///< the last one as typed
};
/// Assignments and words such as `time` before the program's name are passed over.
[[nodiscard]] TypedLine read_line(std::string_view text);

/// What bash shall put in place of `stem`, so that the word becomes `value`. bash cuts words at
/// COMP_WORDBREAKS (`=`, `:`, `@`) and after an open quote, and replaces the last piece only:
/// `stem` is that end of `raw`. Empty when it cannot be said there.
[[nodiscard]] std::optional<std::string> bash_reply(std::string_view value, std::string_view raw,
                                                    std::string_view stem);

}  // namespace cdctl::cli::completion
