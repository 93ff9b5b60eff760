#include "cli/timeline/svg.hpp"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include <cdctl/text.hpp>

#include "cli/output/screen_text.hpp"
#include "cli/timeline/html.hpp"

namespace cdctl::cli {

namespace {

// Text is in a monospace face, so that its width is known before it is drawn: 0.6 of its size a
// character, and a little more to be safe.
constexpr double k_note_size = 10.5, k_note_char = k_note_size * 0.62;
constexpr std::size_t k_longest_note = 60;
constexpr double k_bar = 14;

/// Where things stand. A lane has its bar at `bar`, its revision before it and its state behind it;
/// on a narrow picture both are above the bar, at `words`.
struct Shape {
  double left, plot, right, margin;
  double legend, top, lane, bar, words;
  double swatch, gap;  ///< of the legend
  std::size_t ticks;
  [[nodiscard]] double width() const { return left + plot + right; }
};
constexpr Shape k_wide{112, 752, 136, 16, 47, 78, 36, 7, 18, 22, 14, 9};
constexpr Shape k_narrow{8, 344, 8, 8, 47, 92, 58, 24, 13, 14, 8, 4};

constexpr std::string_view k_style = R"(
text{font-family:ui-monospace,'DejaVu Sans Mono',Menlo,Consolas,monospace;font-size:12px}
.title{font-size:16px;font-weight:bold}.note{font-size:10.5px}.tick{font-size:11px}
.bg{fill:#ffffff}.ink{fill:#1b1f24}.dim{fill:#57606a}.band{fill:#f5f7f9}.grid{stroke:#d5dae0;stroke-width:1}
.out{fill:#2da160}.trial{fill:#d9a514}.cut{fill:#c9362c}.unknown{fill:#e6e9ed}.stripe{stroke:#8b949e}.slash{stroke:#ffffff}
.warning{fill:#b7791f}.error,.critical{fill:#c9362c}.event{stroke:#1b1f24;stroke-width:1.5}.edge{stroke:#8b949e;stroke-width:1;stroke-dasharray:4 3}
@media (prefers-color-scheme:dark){.bg{fill:#0f1318}.ink{fill:#e8ecf1}.dim{fill:#9aa5b1}.band{fill:#171d24}.grid{stroke:#2b333d}
.out{fill:#3fb970}.trial{fill:#e3b341}.cut{fill:#e5534b}.unknown{fill:#2b333d}.stripe{stroke:#8b949e}.slash{stroke:#0f1318}
.warning{fill:#e3b341}.error,.critical{fill:#ff7b72}.event{stroke:#e8ecf1}.edge{stroke:#8b949e}}
)";

/// `{0}` makes the names of one picture of a page its own.
constexpr std::string_view k_patterns =
    "<defs><pattern id=\"{0}cut\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\" "
    "patternTransform=\"rotate(45)\"><rect width=\"6\" height=\"6\" class=\"cut\"/>"
    "<line x1=\"0\" y1=\"0\" x2=\"0\" y2=\"6\" class=\"slash\" stroke-width=\"2\" "
    "stroke-opacity=\"0.55\"/></pattern>"
    "<pattern id=\"{0}unknown\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\" "
    "patternTransform=\"rotate(-45)\"><rect width=\"6\" height=\"6\" class=\"unknown\"/>"
    "<line x1=\"0\" y1=\"0\" x2=\"0\" y2=\"6\" class=\"stripe\" "
    "stroke-width=\"1\"/></pattern></defs>\n";

class Svg {
 public:
  Svg(const Timeline& timeline, const Drawing& drawing)
      : timeline_(timeline),
        drawing_(drawing),
        shape_(drawing.narrow ? k_narrow : k_wide),
        prefix_(drawing.name.empty() ? "" : markup(drawing.name) + "-") {
    for (const auto& lane : timeline.lanes) {
      drawn_.push_back(told_apart(lane));
      hidden_ += lane.marks.size() - drawn_.back().size();
    }
  }

  std::string run() {
    const auto lanes = static_cast<double>(std::max<std::size_t>(timeline_.lanes.size(), 1));
    bottom_ = shape_.top + lanes * shape_.lane;
    const auto footers = footer_lines();
    const auto height = bottom_ + 34 + 16 * static_cast<double>(footers.size());
    fmt::format_to(at(),
                   "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"picture\" viewBox=\"0 0 {0} "
                   "{1}\" width=\"{0}\" height=\"{1}\" role=\"img\" "
                   "aria-labelledby=\"{2}t {2}d\">\n",
                   shape_.width(), height, prefix_);
    fmt::format_to(at(), "<title id=\"{0}t\">{1}</title><desc id=\"{0}d\">{2}</desc>\n", prefix_,
                   markup("Timeline of " + timeline_.service), markup(description()));
    if (drawing_.alone) fmt::format_to(at(), "<style>{}</style>\n", timeline_svg_style());
    fmt::format_to(at(), k_patterns, prefix_);
    fmt::format_to(at(), "<rect class=\"bg\" width=\"100%\" height=\"100%\"/>\n");
    if (!drawing_.narrow) text(shape_.margin, 26, "ink title", timeline_.service);
    text(shape_.left, 26, drawing_.narrow ? "dim note" : "dim",
         fmt::format("{} to {} UTC", timeline_.moment(timeline_.from),
                     timeline_.moment(timeline_.to)));
    legend();
    axis();
    double y = shape_.top;
    for (std::size_t i = 0; i < timeline_.lanes.size(); ++i) {
      draw(timeline_.lanes[i], drawn_[i], y);
      y += shape_.lane;
    }
    if (timeline_.lanes.empty())
      text(shape_.left + 8, shape_.top + 22, "dim",
           drawing_.narrow ? "no set is known in this time"
                           : "no set of this service is known in this time");
    y = bottom_ + 26;
    for (const auto& line : footers) {
      text(shape_.margin, y, "dim note", line);
      y += 16;
    }
    return out_ + "</svg>\n";
  }

 private:
  std::back_insert_iterator<std::string> at() { return std::back_inserter(out_); }
  /// `anchor`: what of the words stands at x, their start or their end.
  void text(double x, double y, std::string_view classes, std::string_view words,
            std::string_view anchor = "start") {
    fmt::format_to(at(), "<text x=\"{:.1f}\" y=\"{:.1f}\" class=\"{}\"{}>{}</text>\n", x, y,
                   classes,
                   anchor == "start" ? std::string() : fmt::format(" text-anchor=\"{}\"", anchor),
                   markup(words));
  }
  [[nodiscard]] std::string fill_of(TimelinePhase phase) const {
    if (phase == TimelinePhase::cut) return fmt::format("fill=\"url(#{}cut)\"", prefix_);
    if (phase == TimelinePhase::unknown) return fmt::format("fill=\"url(#{}unknown)\"", prefix_);
    return fmt::format("class=\"{}\"", to_string(phase));
  }

  [[nodiscard]] double place(Time time) const {
    const auto whole =
        static_cast<double>(std::max<std::int64_t>((timeline_.to - timeline_.from).count(), 1));
    return shape_.left +
           std::clamp(static_cast<double>((time - timeline_.from).count()) / whole, 0.0, 1.0) *
               shape_.plot;
  }

  [[nodiscard]] std::string description() const {
    std::string out;
    for (const auto& lane : timeline_.lanes)
      out += fmt::format("{}{}: {}", out.empty() ? "" : "; ", lane.set.revision, lane.state);
    return out;
  }

  [[nodiscard]] std::vector<std::string> footer_lines() const {
    const auto columns =
        static_cast<std::size_t>((shape_.width() - 2 * shape_.margin) / k_note_char);
    std::vector<std::string> out;
    const auto add = [&](const std::string& line) {
      std::ranges::move(lines_within(line, columns), std::back_inserter(out));
    };
    if (timeline_.signals_from && *timeline_.signals_from > timeline_.from)
      add(fmt::format("Signals before {} (dashed line) are not in this picture.",
                      short_time(*timeline_.signals_from)));
    if (hidden_ > 0)
      add(fmt::format("{} too close to another of {} kind to be told apart {} not drawn.",
                      plural(static_cast<std::int64_t>(hidden_), "mark"),
                      hidden_ == 1 ? "its" : "their", hidden_ == 1 ? "is" : "are"));
    for (const auto& line : timeline_.unknown) add("Not known: " + printable(line, 400));
    return out;
  }

  void legend() {
    double x = shape_.left, y = shape_.legend;
    const auto after = [&](std::string_view name, double sign) {
      text(x + sign + 6, y, "dim note", name);
      x += sign + 6 + k_note_char * static_cast<double>(name.size()) + shape_.gap + 12;
    };
    for (const auto& [phase, name] :
         {std::pair(TimelinePhase::out, "out there"), std::pair(TimelinePhase::trial, "on trial"),
          std::pair(TimelinePhase::cut, "cut"), std::pair(TimelinePhase::unknown, "not known")}) {
      fmt::format_to(at(), "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"10\" rx=\"2\" {}/>\n", x,
                     y - 9, shape_.swatch, fill_of(phase));
      after(name, shape_.swatch);
    }
    if (drawing_.narrow) x = shape_.left, y += 15;
    for (const auto& [severity, name] :
         {std::pair("warning", "warnings"), std::pair("error", "errors")}) {
      fmt::format_to(at(), "<path d=\"M{} {}l4 -8l4 8z\" class=\"{}\"/>\n", x, y, severity);
      after(name, 8);
    }
  }

  void axis() {
    for (std::size_t i = 0; i < timeline_.lanes.size(); i += 2)
      fmt::format_to(at(), "<rect class=\"band\" x=\"0\" y=\"{}\" width=\"{}\" height=\"{}\"/>\n",
                     shape_.top + static_cast<double>(i) * shape_.lane, shape_.width(),
                     shape_.lane);
    for (const auto& tick : ticks_of(timeline_.from, timeline_.to, shape_.ticks)) {
      const auto x = place(tick.at);
      fmt::format_to(
          at(),
          "<line class=\"grid\" x1=\"{0:.1f}\" x2=\"{0:.1f}\" y1=\"{1}\" y2=\"{2}\"/><text "
          "x=\"{5:.1f}\" y=\"{3}\" class=\"dim tick\" text-anchor=\"middle\">{4}</text>\n",
          x, shape_.top - 6, bottom_, shape_.top - 10, tick.label, within(x, tick.label));
    }
    if (timeline_.signals_from && *timeline_.signals_from > timeline_.from)
      fmt::format_to(at(),
                     "<line class=\"edge\" x1=\"{0:.1f}\" x2=\"{0:.1f}\" y1=\"{1}\" y2=\"{2}\"/>\n",
                     place(*timeline_.signals_from), shape_.top - 6, bottom_ + 6);
  }

  /// The middle of a tick's label, so that all of it is in the picture.
  [[nodiscard]] double within(double x, std::string_view label) const {
    const auto half = 11 * 0.31 * static_cast<double>(label.size());
    return std::clamp(x, half, shape_.width() - half);
  }

  using Marks = std::vector<const TimelineMark*>;

  /// At most what a screen can show: of each kind, and of signals by severity, no two closer than a
  /// reader can tell apart.
  [[nodiscard]] Marks told_apart(const TimelineLane& lane) const {
    Marks out;
    std::map<std::string_view, double> last;
    for (const auto& mark : lane.marks) {
      const bool warning = mark.severity == "warning";
      const auto x = place(mark.at);
      const auto [at, first] =
          last.try_emplace(mark.kind == TimelineMark::Kind::signal ? warning ? "warning" : "error"
                                                                   : to_string(mark.kind),
                           x);
      if (!first && x - at->second < (warning ? 5 : 1.5)) continue;
      at->second = x;
      out.push_back(&mark);
    }
    return out;
  }

  void draw(const TimelineLane& lane, const Marks& drawn, double top) {
    const double bar = top + shape_.bar;
    text(shape_.margin, top + shape_.words, "ink", lane.set.revision);
    for (const auto& span : lane.spans) {
      const auto x = place(span.from), width = std::max(place(span.to) - x, 1.5);
      fmt::format_to(at(),
                     "<rect x=\"{:.1f}\" y=\"{}\" width=\"{:.1f}\" height=\"{}\" rx=\"2\" "
                     "{}><title>{} {}, {} to {}</title></rect>\n",
                     x, bar, width, k_bar, fill_of(span.phase), lane.set.revision,
                     span.phase == TimelinePhase::unknown ? "not known" : to_string(span.phase),
                     timeline_.moment(span.from), timeline_.moment(span.to));
    }
    state(lane, top);
    marks(drawn, bar);
    notes(lane, bar + k_bar + 11);
  }

  void state(const TimelineLane& lane, double top) {
    const auto* style = lane.state == "reaped" || lane.state == "gone" ? "dim" : "ink";
    if (drawing_.narrow) {
      text(shape_.width() - shape_.margin, top + shape_.words, style,
           fit(lane.state, 20) + (lane.newest ? ", newest" : ""), "end");
      return;
    }
    const auto x = shape_.left + shape_.plot + 10;
    text(x, top + shape_.words, style, fit(lane.state, lane.newest ? 14 : 16));
    if (lane.newest) text(x, top + shape_.words + 13, "dim note", "newest");
  }

  void marks(const Marks& drawn, double bar) {
    for (const auto* one : drawn) {
      const auto& mark = *one;
      const auto x = place(mark.at);
      if (mark.kind != TimelineMark::Kind::signal) {
        fmt::format_to(at(),
                       "<line class=\"event\" x1=\"{0:.1f}\" x2=\"{0:.1f}\" y1=\"{1}\" "
                       "y2=\"{2}\"><title>{3} {4} {5}</title></line>\n",
                       x, bar - 2, bar + k_bar + 2, timeline_.moment(mark.at), to_string(mark.kind),
                       markup(mark.text));
      } else {
        fmt::format_to(
            at(), "<path d=\"M{:.1f} {}l4 -8l4 8z\" class=\"{}\"><title>{} {} {}</title></path>\n",
            x - 4, bar + 1, mark.severity, timeline_.moment(mark.at), mark.severity,
            markup(mark.text));
      }
    }
  }

  /// What there is room for, the most telling first; the rest is in the titles, and in the table of
  /// the page.
  void notes(const TimelineLane& lane, double y) {
    std::vector<std::pair<double, double>> taken;
    for (const auto kind :
         {TimelineMark::Kind::cut, TimelineMark::Kind::trial, TimelineMark::Kind::mend,
          TimelineMark::Kind::reap, TimelineMark::Kind::signal, TimelineMark::Kind::deploy})
      for (auto mark = lane.marks.rbegin(); mark != lane.marks.rend(); ++mark) {
        if (mark->kind != kind) continue;
        const auto words = fit(note_of(*mark), static_cast<std::size_t>(shape_.plot / k_note_char));
        const auto width = k_note_char * static_cast<double>(display_width(words));
        const auto x = std::min(place(mark->at), shape_.left + shape_.plot - width);
        const bool free = std::ranges::none_of(taken, [&](const auto& other) {
          return x < other.second + 10 && other.first < x + width + 10;
        });
        if (!free || x < shape_.left) continue;
        taken.emplace_back(x, x + width);
        text(x, y, kind == TimelineMark::Kind::signal ? mark->severity + " note" : "dim note",
             words);
      }
  }

  [[nodiscard]] static std::string note_of(const TimelineMark& mark) {
    if (mark.kind == TimelineMark::Kind::signal)
      return fit(mark.count > 1
                     ? fmt::format("{} ×{}", mark.text.substr(0, mark.text.find(':')), mark.count)
                     : mark.text,
                 k_longest_note);
    return fit(mark.text.empty() ? std::string(to_string(mark.kind))
                                 : fmt::format("{}: {}", to_string(mark.kind), mark.text),
               k_longest_note);
  }

  const Timeline& timeline_;
  const Drawing& drawing_;
  const Shape& shape_;
  std::string prefix_;
  std::vector<Marks> drawn_;  ///< of each lane
  std::size_t hidden_ = 0;
  double bottom_ = 0;
  std::string out_;
};

}  // namespace

std::string_view timeline_svg_style() { return k_style; }

std::string timeline_svg(const Timeline& timeline, const Drawing& drawing) {
  return Svg(timeline, drawing).run();
}

}  // namespace cdctl::cli
