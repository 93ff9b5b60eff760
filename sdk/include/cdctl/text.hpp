#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace cdctl {

/// Names of sources, processes and plugins: `[a-z][a-z0-9]*(-[a-z][a-z0-9]*)*`, at most 38
/// characters.
[[nodiscard]] bool valid_word(std::string_view text);

/// The lines of `text` without their line breaks. What follows the last break is a line only when
/// it is not empty. The views are into `text`: keep it for as long.
[[nodiscard]] std::vector<std::string_view> lines(std::string_view text);
/// What stands between blanks (space and tab), none of it empty.
[[nodiscard]] std::vector<std::string_view> words(std::string_view text);
/// What stands between `separator`s; an empty text has no part, `a,` has two.
[[nodiscard]] std::vector<std::string_view> split(std::string_view text, char separator);
// The views would outlive a string that nobody keeps.
template <std::same_as<std::string> Temporary>
std::vector<std::string_view> lines(Temporary&& text) = delete;
template <std::same_as<std::string> Temporary>
std::vector<std::string_view> words(Temporary&& text) = delete;
template <std::same_as<std::string> Temporary>
std::vector<std::string_view> split(Temporary&& text, char separator) = delete;
/// Takes what stands before the next `end` off `text`, and `end` with it; all of it where there is
/// none.
[[nodiscard]] std::string_view take_until(std::string_view& text, char end);
/// Without blanks, tabs and line breaks round it.
[[nodiscard]] std::string_view trimmed(std::string_view text);
/// `a, b, c`
[[nodiscard]] std::string joined(std::span<const std::string> items,
                                 std::string_view between = ", ");

/// `1 set`, `2 sets`, `0 sets`.
[[nodiscard]] std::string plural(std::int64_t count, std::string_view noun);
/// The same where an `s` does not make it: `plural(2, "reply", "replies")`.
[[nodiscard]] std::string plural(std::int64_t count, std::string_view one, std::string_view many);

/// Glob with `*` and `?`; nothing else is special.
[[nodiscard]] bool glob_match(std::string_view pattern, std::string_view text);
/// The candidate closest to `word` by edit distance; empty when none is close enough to be meant.
[[nodiscard]] std::string nearest(std::string_view word, std::span<const std::string> candidates);
/// `; did you mean --keep?`: the end of an error about `word`, `before` and `after` round the
/// nearest candidate. Empty when none is close enough to be meant.
[[nodiscard]] std::string did_you_mean(std::string_view word,
                                       std::span<const std::string> candidates,
                                       std::string_view before = {}, std::string_view after = {});

/// Text for one line of stderr: control characters and invalid UTF-8 escaped, cut at `most` bytes.
[[nodiscard]] std::string printable(std::string_view text, std::size_t most = 200);

/// What base64 says; empty for what is none.
[[nodiscard]] std::optional<std::string> from_base64(std::string_view text);

/// How many columns of a terminal UTF-8 text takes: 2 for a wide character, 0 for one that
/// combines. What cannot be printed counts as 1.
[[nodiscard]] std::size_t display_width(std::string_view text);
/// The longest beginning of `text` that fits `columns`; where something is cut off, its last column
/// is `mark`.
[[nodiscard]] std::string fit(std::string_view text, std::size_t columns,
                              std::string_view mark = "…");
/// The length in bytes of the character that `text` begins with; 1 for a byte that begins none.
/// `text` is not empty.
[[nodiscard]] std::size_t first_character(std::string_view text);

}  // namespace cdctl
