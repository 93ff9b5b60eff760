#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include <cdctl/error.hpp>

namespace cdctl::cli {

/// What a piece of a line is, not what it looks like: the screen has the colours.
enum class TextStyle { plain, dim, good, warn, bad, heading, strong };

struct StyledText {
  std::string text;  ///< one column a character
  TextStyle style = TextStyle::plain;
};
struct ScreenLine {
  std::vector<StyledText> pieces;
  bool chosen = false;  ///< the row under the cursor
};

/// Keys that are no characters.
enum Key : int {
  k_key_up = 0x110000,
  k_key_down,
  k_key_page_up,
  k_key_page_down,
  k_key_home,
  k_key_end,
  k_key_enter,
  k_key_escape,
  k_key_backspace,
  k_key_resize
};

/// The whole terminal, until the object goes: then it is as it was. Its keys are read from
/// descriptor 0, which may be polled.
class Screen {
 public:
  virtual ~Screen() = default;
  [[nodiscard]] virtual std::size_t rows() const = 0;
  [[nodiscard]] virtual std::size_t columns() const = 0;
  /// Lines from the top; what is too long or too many is cut off, what is missing is empty.
  virtual void draw(std::span<const ScreenLine> lines) = 0;
  /// The next key that was pressed, a Key or a code point; 0 when there is none.
  [[nodiscard]] virtual int key() = 0;
};

/// Opens the module that draws (it is the only one that links ncurses). Exit code `config` when it
/// cannot be used, `usage` when the terminal cannot do what is needed.
[[nodiscard]] Result<std::unique_ptr<Screen>> open_screen(bool colour, bool utf8);

}  // namespace cdctl::cli
