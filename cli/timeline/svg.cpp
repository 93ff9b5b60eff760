#include "cli/timeline/svg.hpp"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include <cdctl/text.hpp>

#include "cli/timeline/html.hpp"

namespace cdctl::cli {

namespace {

// Text is in a monospace face, so that its width is known before it is drawn: 0.6 of its size a
// character, and a little more to be safe.
constexpr double k_left = 112, k_plot = 752, k_right = 136, k_width = k_left + k_plot + k_right;
constexpr double k_top = 78, k_lane = 36, k_bar = 14;
constexpr double k_note_size = 10.5, k_note_char = k_note_size * 0.62;
constexpr std::size_t k_longest_note = 60;

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

constexpr std::string_view k_patterns =
    "<defs><pattern id=\"cut\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\" "
    "patternTransform=\"rotate(45)\"><rect width=\"6\" height=\"6\" class=\"cut\"/>"
    "<line x1=\"0\" y1=\"0\" x2=\"0\" y2=\"6\" class=\"slash\" stroke-width=\"2\" "
    "stroke-opacity=\"0.55\"/></pattern>"
    "<pattern id=\"unknown\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\" "
    "patternTransform=\"rotate(-45)\"><rect width=\"6\" height=\"6\" class=\"unknown\"/>"
    "<line x1=\"0\" y1=\"0\" x2=\"0\" y2=\"6\" class=\"stripe\" "
    "stroke-width=\"1\"/></pattern></defs>\n";

std::string fill_of(TimelinePhase phase) {
  if (phase == TimelinePhase::cut) return "fill=\"url(#cut)\"";
  if (phase == TimelinePhase::unknown) return "fill=\"url(#unknown)\"";
  return fmt::format("class=\"{}\"", to_string(phase));
}

class Svg {
 public:
  explicit Svg(const Timeline& timeline) : timeline_(timeline) {
    for (const auto& lane : timeline.lanes) {
      drawn_.push_back(told_apart(lane));
      hidden_ += lane.marks.size() - drawn_.back().size();
    }
  }

  std::string run() {
    const auto lanes = static_cast<double>(std::max<std::size_t>(timeline_.lanes.size(), 1));
    bottom_ = k_top + lanes * k_lane;
    const auto footers = footer_lines();
    const auto height = bottom_ + 34 + 16 * static_cast<double>(footers.size());
    fmt::format_to(at(),
                   "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {} {}\" width=\"{}\" "
                   "height=\"{}\" role=\"img\" aria-labelledby=\"t d\">\n",
                   k_width, height, k_width, height);
    fmt::format_to(
        at(), "<title id=\"t\">{}</title><desc id=\"d\">{}</desc>\n<style>{}</style>\n{}",
        markup("Timeline of " + timeline_.service), markup(description()), k_style, k_patterns);
    fmt::format_to(at(), "<rect class=\"bg\" width=\"100%\" height=\"100%\"/>\n");
    text(16, 26, "ink title", timeline_.service);
    text(k_left, 26, "dim",
         fmt::format("{} to {} UTC", timeline_.moment(timeline_.from),
                     timeline_.moment(timeline_.to)));
    legend();
    axis();
    double y = k_top;
    for (std::size_t i = 0; i < timeline_.lanes.size(); ++i) {
      draw(timeline_.lanes[i], drawn_[i], y);
      y += k_lane;
    }
    if (timeline_.lanes.empty())
      text(k_left + 8, k_top + 22, "dim", "no set of this service is known in this time");
    y = bottom_ + 26;
    for (const auto& line : footers) {
      text(16, y, "dim note", line);
      y += 16;
    }
    return out_ + "</svg>\n";
  }

 private:
  std::back_insert_iterator<std::string> at() { return std::back_inserter(out_); }
  void text(double x, double y, std::string_view classes, std::string_view words) {
    fmt::format_to(at(), "<text x=\"{:.1f}\" y=\"{:.1f}\" class=\"{}\">{}</text>\n", x, y, classes,
                   markup(words));
  }

  [[nodiscard]] double place(Time time) const {
    const auto whole =
        static_cast<double>(std::max<std::int64_t>((timeline_.to - timeline_.from).count(), 1));
    return k_left +
           std::clamp(static_cast<double>((time - timeline_.from).count()) / whole, 0.0, 1.0) *
               k_plot;
  }

  [[nodiscard]] std::string description() const {
    std::string out;
    for (const auto& lane : timeline_.lanes)
      out += fmt::format("{}{}: {}", out.empty() ? "" : "; ", lane.set.revision, lane.state);
    return out;
  }

  [[nodiscard]] std::vector<std::string> footer_lines() const {
    std::vector<std::string> out;
    if (timeline_.signals_from && *timeline_.signals_from > timeline_.from)
      out.push_back(fmt::format("Signals before {} (dashed line) are not kept any more.",
                                short_time(*timeline_.signals_from)));
    if (hidden_ > 0)
      out.push_back(fmt::format("{} too close to another of {} kind to be told apart {} not drawn.",
                                plural(static_cast<std::int64_t>(hidden_), "mark"),
                                hidden_ == 1 ? "its" : "their", hidden_ == 1 ? "is" : "are"));
    for (const auto& line : timeline_.unknown) out.push_back(fit("Not known: " + line, 150));
    return out;
  }

  void legend() {
    double x = k_left;
    for (const auto& [phase, name] :
         {std::pair(TimelinePhase::out, "out there"), std::pair(TimelinePhase::trial, "on trial"),
          std::pair(TimelinePhase::cut, "cut"), std::pair(TimelinePhase::unknown, "not known")}) {
      fmt::format_to(at(), "<rect x=\"{}\" y=\"38\" width=\"22\" height=\"10\" rx=\"2\" {}/>\n", x,
                     fill_of(phase));
      text(x + 28, 47, "dim note", name);
      x += 40 + k_note_char * static_cast<double>(std::string_view(name).size()) + 14;
    }
    for (const auto& [severity, name] :
         {std::pair("warning", "warnings"), std::pair("error", "errors")}) {
      fmt::format_to(at(), "<path d=\"M{} 47l4 -8l4 8z\" class=\"{}\"/>\n", x, severity);
      text(x + 14, 47, "dim note", name);
      x += 26 + k_note_char * static_cast<double>(std::string_view(name).size()) + 14;
    }
  }

  void axis() {
    for (std::size_t i = 0; i < timeline_.lanes.size(); i += 2)
      fmt::format_to(at(), "<rect class=\"band\" x=\"0\" y=\"{}\" width=\"{}\" height=\"{}\"/>\n",
                     k_top + static_cast<double>(i) * k_lane, k_width, k_lane);
    for (const auto& tick : ticks_of(timeline_.from, timeline_.to, 9)) {
      const auto x = place(tick.at);
      fmt::format_to(
          at(),
          "<line class=\"grid\" x1=\"{0:.1f}\" x2=\"{0:.1f}\" y1=\"{1}\" y2=\"{2}\"/><text "
          "x=\"{0:.1f}\" y=\"{3}\" class=\"dim tick\" text-anchor=\"middle\">{4}</text>\n",
          x, k_top - 6, bottom_, k_top - 10, tick.label);
    }
    if (timeline_.signals_from && *timeline_.signals_from > timeline_.from)
      fmt::format_to(at(),
                     "<line class=\"edge\" x1=\"{0:.1f}\" x2=\"{0:.1f}\" y1=\"{1}\" y2=\"{2}\"/>\n",
                     place(*timeline_.signals_from), k_top - 6, bottom_ + 6);
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
    const double bar = top + 7;
    text(16, bar + 11, "ink", lane.set.revision);
    for (const auto& span : lane.spans) {
      const auto x = place(span.from), width = std::max(place(span.to) - x, 1.5);
      fmt::format_to(at(),
                     "<rect x=\"{:.1f}\" y=\"{}\" width=\"{:.1f}\" height=\"{}\" rx=\"2\" "
                     "{}><title>{} {}, {} to {}</title></rect>\n",
                     x, bar, width, k_bar, fill_of(span.phase), lane.set.revision,
                     span.phase == TimelinePhase::unknown ? "not known" : to_string(span.phase),
                     timeline_.moment(span.from), timeline_.moment(span.to));
    }
    text(k_left + k_plot + 10, bar + 11,
         lane.state == "reaped" || lane.state == "gone" ? "dim" : "ink",
         fit(lane.state, lane.newest ? 14 : 16));
    if (lane.newest) text(k_left + k_plot + 10, bar + 24, "dim note", "newest");
    marks(drawn, bar);
    notes(lane, bar + k_bar + 11);
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
        const auto words = note_of(*mark);
        const auto width = k_note_char * static_cast<double>(display_width(words));
        const auto x = std::min(place(mark->at), k_left + k_plot - width);
        const bool free = std::ranges::none_of(taken, [&](const auto& other) {
          return x < other.second + 10 && other.first < x + width + 10;
        });
        if (!free || x < k_left) continue;
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
  std::vector<Marks> drawn_;  ///< of each lane
  std::size_t hidden_ = 0;
  double bottom_ = 0;
  std::string out_;
};

}  // namespace

std::string timeline_svg(const Timeline& timeline) { return Svg(timeline).run(); }

}  // namespace cdctl::cli
