#pragma once

#include <string>
#include <vector>

#include "cli/top/model.hpp"
#include "cli/top/screen.hpp"

namespace cdctl::cli {

/// What the person at the screen has chosen.
struct TopChoice {
  std::string chosen;  ///< a set; empty = none yet
  TopSort sort = TopSort::service;
  std::string filter;
  bool paused = false;
  std::string prompt;  ///< replaces the line of keys: a question, or the filter while it is typed
  std::string status;  ///< what the last action came to
  TextStyle status_style = TextStyle::plain;
};

struct TopSize {
  std::size_t rows = 24, columns = 80;
  bool ascii = false;
};

/// Pure: the screen as lines. `top` is the first row shown; it is moved so that the chosen one is
/// among them.
[[nodiscard]] std::vector<ScreenLine> draw_top(const TopModel& model, const TopChoice& choice,
                                               const TopSize& size, Time at, std::size_t& top);

/// A page of text, broken at the width of the screen and scrolled to line `from` of that (clamped),
/// with its title.
[[nodiscard]] std::vector<ScreenLine> draw_page(const std::string& title,
                                                const std::vector<std::string>& text,
                                                const TopSize& size, std::size_t& from);
[[nodiscard]] std::vector<std::string> top_help();

/// A bar of `width` columns for a share of 0 to 1, in eighths of a column where the screen has
/// blocks.
[[nodiscard]] std::string bar(double share, std::size_t width, bool ascii);
/// `0`, `0.3`, `12`, `1.2k`: at most five characters.
[[nodiscard]] std::string short_rate(double a_second);

}  // namespace cdctl::cli
