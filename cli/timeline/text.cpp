#include "cli/timeline/text.hpp"

#include <algorithm>

#include <fmt/format.h>

#include <cdctl/text.hpp>

#include "cli/output/screen_text.hpp"

namespace cdctl::cli {

namespace {

constexpr std::size_t k_label = 13, k_state = 16, k_most_lines = 40;

struct Glyphs {
  std::string_view out, trial, cut, unknown, none, signal, warning, tick, line;
};
constexpr Glyphs k_blocks{"█", "▓", "░", "┄", " ", "▲", "△", "┬", "─"};
constexpr Glyphs k_ascii{"#", "%", "x", "?", " ", "!", ".", "+", "-"};

class Drawing {
 public:
  Drawing(const Timeline& timeline, const Terminal& terminal)
      : timeline_(timeline),
        terminal_(terminal),
        glyphs_(terminal.ascii ? k_ascii : k_blocks),
        columns_(std::max<std::size_t>(terminal.width, 50) - k_label - k_state - 1) {}

  std::string run() {
    fmt::format_to(at(), "{}: {} from {} to {} UTC\n", timeline_.service,
                   plural(static_cast<std::int64_t>(timeline_.lanes.size()), "revision"),
                   timeline_.moment(timeline_.from), timeline_.moment(timeline_.to));
    axis();
    for (const auto& lane : timeline_.lanes) draw(lane);
    legend();
    happenings();
    if (timeline_.signals_from && *timeline_.signals_from > timeline_.from)
      fmt::format_to(at(), "signals before {} are not kept any more\n",
                     short_time(*timeline_.signals_from));
    for (const auto& line : timeline_.unknown)
      fmt::format_to(at(), "not known: {}\n", printable(line, terminal_.width - 12));
    if (terminal_.ascii) out_ = ascii_of(out_);
    return std::move(out_);
  }

 private:
  std::back_insert_iterator<std::string> at() { return std::back_inserter(out_); }

  [[nodiscard]] std::size_t column(Time time) const {
    const auto share =
        static_cast<double>((time - timeline_.from).count()) /
        static_cast<double>(std::max<std::int64_t>((timeline_.to - timeline_.from).count(), 1));
    return static_cast<std::size_t>(
        std::clamp(share * static_cast<double>(columns_), 0.0, static_cast<double>(columns_ - 1)));
  }

  void axis() {
    std::string labels(columns_ + k_state, ' ');
    std::vector<std::string_view> line(columns_, glyphs_.line);
    std::size_t free = 0;
    for (const auto& tick : ticks_of(timeline_.from, timeline_.to, columns_ / 8)) {
      const auto x = column(tick.at);
      line[x] = glyphs_.tick;
      if (x < free || x + tick.label.size() > columns_) continue;
      labels.replace(x, tick.label.size(), tick.label);
      free = x + tick.label.size() + 1;
    }
    while (!labels.empty() && labels.back() == ' ') labels.pop_back();
    fmt::format_to(at(), "{:<{}}{}\n{:<{}}", "", k_label, labels, "", k_label);
    for (const auto glyph : line) out_ += glyph;
    out_ += '\n';
  }

  [[nodiscard]] std::string_view glyph_of(TimelinePhase phase) const {
    switch (phase) {
      case TimelinePhase::out:
        return glyphs_.out;
      case TimelinePhase::trial:
        return glyphs_.trial;
      case TimelinePhase::cut:
        return glyphs_.cut;
      case TimelinePhase::unknown:
        break;
    }
    return glyphs_.unknown;
  }
  [[nodiscard]] std::string_view colour_of(TimelinePhase phase) const {
    if (!terminal_.colour) return {};
    switch (phase) {
      case TimelinePhase::out:
        return "\033[32m";
      case TimelinePhase::trial:
        return "\033[35m";
      case TimelinePhase::cut:
        return "\033[31m";
      case TimelinePhase::unknown:
        break;
    }
    return "\033[2m";
  }
  void put(std::string_view text, std::string_view colour) {
    out_ += colour;
    out_ += text;
    if (!colour.empty()) out_ += "\033[0m";
  }

  void draw(const TimelineLane& lane) {
    // Later spans win a column, and the worse of two in the same: a short cut is not lost in a long
    // lane.
    std::vector<std::optional<TimelinePhase>> cells(columns_);
    for (const auto& span : lane.spans)
      for (auto x = column(span.from); x <= column(span.to - Millis(1)); ++x)
        if (!cells[x] || span.phase != TimelinePhase::out) cells[x] = span.phase;
    fmt::format_to(at(), "{:<{}}", lane.set.revision, k_label);
    for (const auto& cell : cells)
      put(cell ? glyph_of(*cell) : glyphs_.none, cell ? colour_of(*cell) : "");
    fmt::format_to(
        at(), " {}{}\n", fit(lane.state, k_state, ""),
        lane.newest && lane.state.size() + 2 < k_state ? (terminal_.ascii ? " *" : " ★") : "");
    signals(lane);
  }

  void signals(const TimelineLane& lane) {
    std::vector<int> cells(columns_, 0);
    for (const auto& mark : lane.marks) {
      if (mark.kind != TimelineMark::Kind::signal) continue;
      for (auto x = column(mark.at); x <= column(mark.until); ++x)
        cells[x] = std::max(cells[x], mark.severity == "warning" ? 1 : 2);
    }
    const auto last = std::ranges::find_if(cells.rbegin(), cells.rend(), [](int cell) {
                        return cell > 0;
                      }).base();
    if (last == cells.begin()) return;
    fmt::format_to(at(), "{:<{}}", "", k_label);
    for (auto cell = cells.begin(); cell != last; ++cell)
      put(*cell == 0   ? " "
          : *cell == 1 ? glyphs_.warning
                       : glyphs_.signal,
          *cell == 0 || !terminal_.colour ? ""
          : *cell == 1                    ? "\033[35m"
                                          : "\033[31m");
    out_ += '\n';
  }

  void legend() {
    out_ += '\n';
    for (const auto& [phase, name] :
         {std::pair(TimelinePhase::out, "out there"), std::pair(TimelinePhase::trial, "on trial"),
          std::pair(TimelinePhase::cut, "cut"), std::pair(TimelinePhase::unknown, "not known")}) {
      put(glyph_of(phase), colour_of(phase));
      fmt::format_to(at(), " {}  ", name);
    }
    fmt::format_to(at(), "{} warning  {} error{}\n", glyphs_.warning, glyphs_.signal,
                   terminal_.ascii ? "  * newest" : "  ★ newest");
  }

  void happenings() {
    std::vector<std::pair<const TimelineLane*, const TimelineMark*>> all;
    for (const auto& lane : timeline_.lanes)
      for (const auto& mark : lane.marks) all.emplace_back(&lane, &mark);
    std::ranges::stable_sort(all, {}, [](const auto& pair) { return pair.second->at; });
    const auto skip = all.size() > k_most_lines ? all.size() - k_most_lines : 0;
    if (!all.empty()) out_ += '\n';
    if (skip > 0)
      fmt::format_to(at(), "({} earlier ones: -o html, or cdctl history and cdctl signals)\n",
                     skip);
    for (auto i = skip; i < all.size(); ++i) {
      const auto& [lane, mark] = all[i];
      auto what = std::string(to_string(mark->kind));
      if (mark->kind == TimelineMark::Kind::signal)
        what =
            mark->count > 1 ? fmt::format("{} x{}", mark->severity, mark->count) : mark->severity;
      auto line = fmt::format("{}  {}  {:<12} {}", timeline_.moment(mark->at), lane->set.revision,
                              what, printable(mark->text, 400));
      if (!mark->by.empty() && mark->kind != TimelineMark::Kind::signal)
        line += fmt::format("{}({})", mark->text.empty() ? "" : " ", mark->by);
      fmt::format_to(at(), "{}\n", clipped(line));
    }
  }

  /// At most a line of the screen, cut between characters; a mark at its end says so.
  [[nodiscard]] std::string clipped(std::string line) const {
    while (!line.empty() && line.back() == ' ') line.pop_back();
    return fit(line, terminal_.width, terminal_.ascii ? "~" : "…");
  }

  const Timeline& timeline_;
  Terminal terminal_;
  Glyphs glyphs_;
  std::size_t columns_;
  std::string out_;
};

}  // namespace

std::string timeline_text(const Timeline& timeline, const Terminal& terminal) {
  return Drawing(timeline, terminal).run();
}

}  // namespace cdctl::cli
