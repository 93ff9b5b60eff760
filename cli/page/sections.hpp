#pragma once

#include <deque>
#include <string>
#include <vector>

#include <cdctl/json.hpp>
#include <cdctl/time.hpp>

#include "cli/timeline/timeline.hpp"

// The parts of the page as HTML. What others wrote goes through markup(), and nothing is in an
// attribute that others wrote.

namespace cdctl::cli {

/// A service as it was last seen.
struct BoardService {
  std::string name;
  std::vector<Json> sets;  ///< `cdctl.set/1`, newest first
  std::string outage;      ///< why nobody works on it
  std::string error;       ///< why it could not be asked: what is here is not all, or old
};

/// How bad the word for a set is: `good`, `bad`, `warn`, or empty where it is neither.
[[nodiscard]] std::string_view mood_of(std::string_view word);
/// Whether somebody should look at it: nobody works, could not be asked, or a set is in a bad way.
[[nodiscard]] bool in_trouble(const BoardService& service);

/// How much there is of what, and where trouble is. `left_out`: of the services, those that the
/// page has no room for.
[[nodiscard]] std::string summary_html(const std::vector<const BoardService*>& services,
                                       std::size_t left_out);
/// A service and its sets, at most `most` of them.
[[nodiscard]] std::string service_html(const BoardService& service, std::size_t most);
/// Its pictures; a line instead where they are too much for a page.
[[nodiscard]] std::string timeline_section(const Timeline& timeline);
/// What was done from this home, oldest first; shown newest first.
[[nodiscard]] std::string actions_html(const std::deque<Json>& outcomes);
/// `read`: whether the feed could be read at all.
[[nodiscard]] std::string signals_html(const std::deque<Json>& signals, bool read);

[[nodiscard]] std::string moment_html(Time time);
/// Where the script says how long ago that is.
[[nodiscard]] std::string ago_html(Time time);

}  // namespace cdctl::cli
