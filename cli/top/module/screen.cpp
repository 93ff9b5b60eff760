// The screen of `cdctl top`, on ncursesw. The one place that includes it: its macros (`timeout`,
// `move`, `erase`) fit no other code.

#include <algorithm>
#include <array>
#include <clocale>
#include <cstdio>
#include <cstdlib>
#include <string>

#include <ncurses.h>

#include <cdctl/text.hpp>

#include "cli/top/screen.hpp"

namespace cdctl::cli {

namespace {

enum Pair : short { k_good = 1, k_warn, k_bad };

class Curses final : public Screen {
 public:
  explicit Curses(SCREEN* screen, bool colour)
      : screen_(screen), colour_(colour && ::has_colors()) {
    ::cbreak();  // not raw: Ctrl-C and Ctrl-Z stay signals
    ::noecho();
    ::nonl();
    ::keypad(stdscr, TRUE);
    ::nodelay(stdscr, TRUE);
    ::set_escdelay(50);
    ::curs_set(0);
    if (!colour_) return;
    ::start_color();
    ::use_default_colors();  // whatever the background is, light or dark, it stays
    ::init_pair(k_good, COLOR_GREEN, -1);
    ::init_pair(k_warn, COLOR_MAGENTA, -1);  // yellow cannot be read on white
    ::init_pair(k_bad, COLOR_RED, -1);
  }
  Curses(const Curses&) = delete;
  Curses& operator=(const Curses&) = delete;
  ~Curses() override {
    ::endwin();
    ::delscreen(screen_);
  }

  [[nodiscard]] std::size_t rows() const override {
    return static_cast<std::size_t>(std::max(LINES, 1));
  }
  [[nodiscard]] std::size_t columns() const override {
    return static_cast<std::size_t>(std::max(COLS, 1));
  }

  void draw(std::span<const ScreenLine> lines) override {
    ::werase(stdscr);
    for (std::size_t row = 0; row < std::min(lines.size(), rows()); ++row)
      line(static_cast<int>(row), lines[row]);
    ::wrefresh(stdscr);
  }

  [[nodiscard]] int key() override {
    switch (const int got = ::wgetch(stdscr)) {
      case ERR:
        return 0;
      case KEY_UP:
        return k_key_up;
      case KEY_DOWN:
        return k_key_down;
      case KEY_PPAGE:
        return k_key_page_up;
      case KEY_NPAGE:
        return k_key_page_down;
      case KEY_HOME:
        return k_key_home;
      case KEY_END:
        return k_key_end;
      case KEY_ENTER:
      case '\r':
      case '\n':
        return k_key_enter;
      case 27:
        return k_key_escape;
      case KEY_BACKSPACE:
      case 127:
      case '\b':
        return k_key_backspace;
      case KEY_RESIZE:
        return k_key_resize;
      default:
        return got > 0 && got < 128 ? got : k_key_resize;  // any other key draws anew
    }
  }

 private:
  void line(int row, const ScreenLine& line) {
    auto left = columns();
    ::wmove(stdscr, row, 0);
    ::wclrtoeol(stdscr);  // characters two columns wide may have run over from the row above
    for (const auto& piece : line.pieces) {
      const auto attributes = attributes_of(piece.style) | (line.chosen ? A_REVERSE : A_NORMAL);
      ::wattrset(stdscr, static_cast<int>(attributes));
      const auto text = fit(piece.text, left, "");
      left -= display_width(text);
      ::waddnstr(stdscr, text.data(), static_cast<int>(text.size()));
    }
    if (line.chosen)
      for (; left > 0; --left) ::waddch(stdscr, ' ');
    ::wattrset(stdscr, A_NORMAL);
  }

  [[nodiscard]] attr_t attributes_of(TextStyle style) const {
    const auto pair = [&](Pair which) {
      return colour_ ? static_cast<attr_t>(COLOR_PAIR(which)) : static_cast<attr_t>(A_NORMAL);
    };
    switch (style) {
      case TextStyle::plain:
        return A_NORMAL;
      case TextStyle::dim:
        return A_DIM;
      case TextStyle::good:
        return pair(k_good);
      case TextStyle::warn:
        return pair(k_warn) | A_BOLD;
      case TextStyle::bad:
        return pair(k_bad) | A_BOLD;
      case TextStyle::heading:
        return A_REVERSE;
      case TextStyle::strong:
        return A_BOLD;
    }
    return A_NORMAL;
  }

  SCREEN* screen_;
  bool colour_;
};

}  // namespace

}  // namespace cdctl::cli

extern "C" __attribute__((visibility("default"))) cdctl::cli::Screen* cdctl_make_screen(
    bool colour, bool utf8, std::string& why) {
  // Without a locale of UTF-8 ncurses would write each byte as a character of its own.
  if (!std::setlocale(LC_CTYPE, "") || (utf8 && MB_CUR_MAX < 2))
    std::setlocale(LC_CTYPE, utf8 ? "C.UTF-8" : "C");
  SCREEN* const screen = ::newterm(nullptr, stdout, stdin);
  if (!screen) {
    why = "this terminal is not known (TERM), or cannot place the cursor";
    return nullptr;
  }
  if (!::tigetstr("cup")) {  // terminfo: cursor_address; newterm itself takes TERM=dumb
    ::endwin();
    ::delscreen(screen);
    why = "this terminal (TERM) cannot place the cursor";
    return nullptr;
  }
  return new cdctl::cli::Curses(screen, colour);
}
