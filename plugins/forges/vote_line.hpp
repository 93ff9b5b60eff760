#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

namespace cdctl::forges {

/// The hidden line that keeps a vote in a text, where a server has no word for it.
[[nodiscard]] std::string vote_line(std::string_view vote);
/// That of these votes which a text keeps; empty for none.
[[nodiscard]] std::string vote_in(std::string_view text,
                                  std::initializer_list<std::string_view> votes);
/// A text with the line: what was said, or the vote itself where nothing was.
[[nodiscard]] std::string vote_text(std::string_view comment, std::string_view vote);

}  // namespace cdctl::forges
