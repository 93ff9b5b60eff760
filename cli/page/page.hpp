#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include <cdctl/time.hpp>

namespace cdctl::cli {

/// What the first line of the page is about: of what moment the rest is, and what is not known.
struct PageStatus {
  struct Unasked {
    std::string where, error;
    Time since;
  };
  std::optional<Time> looked_at;  ///< the end of the last look
  Time looking_since{};           ///< when looking began
  Millis next{0};                 ///< from one look to the next, as the last one said
  std::vector<Unasked> unasked;
  std::string broken;  ///< why nobody looks

  /// `well`; `doubt`: something could not be asked; `stale`: nobody has looked for longer than it
  /// should take.
  [[nodiscard]] std::string_view state(Time at) const;
  [[nodiscard]] std::string asof_html() const;
  [[nodiscard]] std::string trouble_html(Time at) const;
};

/// The parts of the page, and the state of all of it.
struct PageBoard {
  std::map<std::string, std::string> sections;  ///< HTML by name
  std::vector<std::string> order;
  std::string version;  ///< another one as soon as a part changes
  PageStatus status;
};

/// All of the page, as it is without a script too.
[[nodiscard]] std::string whole_page(const PageBoard& board, Time at);
/// Which program made it: a page of another one has to be loaded anew.
[[nodiscard]] const std::string& page_program();

/// One server-sent event. `data` without line breaks.
[[nodiscard]] std::string event_text(std::string_view name, std::string_view data);
[[nodiscard]] std::string section_event(const std::string& name, const std::string& html);
[[nodiscard]] std::string order_event(const std::vector<std::string>& order);
[[nodiscard]] std::string status_event(const PageStatus& status, Time at);
/// What a page gets that begins to listen, and has the board of `version`.
[[nodiscard]] std::string first_events(const PageBoard& board, std::string_view version, Time at);

}  // namespace cdctl::cli
