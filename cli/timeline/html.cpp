#include "cli/timeline/html.hpp"

#include <algorithm>

#include <fmt/format.h>

#include <cdctl/text.hpp>

#include "cli/timeline/svg.hpp"

namespace cdctl::cli {

std::string markup(std::string_view text) {
  std::string out;
  for (const char c : printable(text, 2000)) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

namespace {

constexpr std::string_view k_style = R"(
:root{color-scheme:light dark}
body{font:15px/1.5 system-ui,sans-serif;margin:1.5rem auto;max-width:1040px;padding:0 1rem;background:#ffffff;color:#1b1f24}
svg{display:block;width:100%;height:auto;border-radius:6px}
table{border-collapse:collapse;width:100%;margin:.5rem 0 2rem;font-variant-numeric:tabular-nums}
caption{text-align:left;font-weight:bold}
th,td{text-align:left;padding:.25rem .75rem .25rem 0;border-bottom:1px solid #d5dae0;vertical-align:top}
td.nowrap,th[scope=row]{white-space:nowrap;font-family:ui-monospace,'DejaVu Sans Mono',monospace;font-size:13px;font-weight:normal}
h1,td{overflow-wrap:anywhere}
.narrow{display:none}
@media (max-width:640px){
.wide{display:none}.narrow{display:block}
table,caption,tbody{display:block}thead{display:none}
tr{display:flex;flex-wrap:wrap;gap:0 .75rem;padding:.4rem 0;border-bottom:1px solid #d5dae0}
th,td{border:0;padding:0}td.nowrap,th[scope=row]{white-space:normal}
td.long,td[data-label]{flex-basis:100%}td:empty{display:none}
td[data-label]::before{content:attr(data-label) ": ";font-family:system-ui,sans-serif}
}
@media (prefers-color-scheme:dark){body{background:#0f1318;color:#e8ecf1}th,td,tr{border-color:#2b333d}}
)";

/// Of a page that is a file.
constexpr std::string_view k_torn = R"(
.torn{font-weight:bold;color:#c9362c}
.torn:nth-last-child(3){display:none}
)";

std::string periods_of(const Timeline& timeline, const TimelineLane& lane, TimelinePhase phase) {
  std::string out;
  for (const auto& span : lane.spans)
    if (span.phase == phase)
      out += fmt::format("{}{} to {}", out.empty() ? "" : "<br>", timeline.moment(span.from),
                         timeline.moment(span.to));
  return out;
}

void lanes_table(std::string& out, const Timeline& timeline) {
  out +=
      "<table><caption>Revisions, oldest first</caption><thead><tr><th "
      "scope=\"col\">Revision</th><th scope=\"col\">Now</th><th scope=\"col\">Out there</th><th "
      "scope=\"col\">On trial</th>"
      "<th scope=\"col\">Cut</th><th scope=\"col\">Not known</th></tr></thead><tbody>\n";
  for (const auto& lane : timeline.lanes) {
    fmt::format_to(std::back_inserter(out), "<tr><th scope=\"row\">{}</th><td>{}{}</td>",
                   lane.set.revision, markup(lane.state), lane.newest ? ", newest" : "");
    for (const auto& [phase, label] :
         {std::pair(TimelinePhase::out, "Out there"), std::pair(TimelinePhase::trial, "On trial"),
          std::pair(TimelinePhase::cut, "Cut"), std::pair(TimelinePhase::unknown, "Not known")})
      fmt::format_to(std::back_inserter(out), "<td class=\"nowrap\" data-label=\"{}\">{}</td>",
                     label, periods_of(timeline, lane, phase));
    out += "</tr>\n";
  }
  out += "</tbody></table>\n";
}

using Happenings = std::vector<std::pair<const TimelineLane*, const TimelineMark*>>;

/// No more rows than a browser shows at once: the oldest signals go first, then whatever is oldest.
void leave_out(Happenings& all) {
  constexpr std::size_t k_most_rows = 500;
  auto surplus = all.size() - std::min(all.size(), k_most_rows);
  const auto drop = [&](const auto& wanted) {
    std::erase_if(
        all, [&](const auto& one) { return surplus > 0 && wanted(*one.second) && surplus-- > 0; });
  };
  drop([](const TimelineMark& mark) { return mark.kind == TimelineMark::Kind::signal; });
  drop([](const TimelineMark&) { return true; });
}

void marks_table(std::string& out, const Timeline& timeline) {
  Happenings all;
  for (const auto& lane : timeline.lanes)
    for (const auto& mark : lane.marks) all.emplace_back(&lane, &mark);
  std::ranges::stable_sort(all, {}, [](const auto& pair) { return pair.second->at; });
  const auto before = all.size();
  leave_out(all);
  const auto left_out = before == all.size() ? std::string()
                                             : fmt::format(
                                                   ", without {} that are older (signals go "
                                                   "first): cdctl timeline {} -o ndjson has all",
                                                   before - all.size(), timeline.service);
  out += "<table><caption>What happened" + markup(left_out) +
         "</caption><thead><tr><th scope=\"col\">When (UTC)</th><th scope=\"col\">Revision</th><th "
         "scope=\"col\">What</th><th scope=\"col\">Why</th><th "
         "scope=\"col\">By</th></tr></thead><tbody>\n";
  for (const auto& [lane, mark] : all) {
    auto what = std::string(to_string(mark->kind));
    if (mark->kind == TimelineMark::Kind::signal)
      what = mark->count > 1 ? fmt::format("{}, {} times until {}", mark->severity, mark->count,
                                           timeline.moment(mark->until))
                             : mark->severity;
    fmt::format_to(std::back_inserter(out),
                   "<tr><th scope=\"row\">{}</th><td "
                   "class=\"nowrap\">{}</td><td>{}</td><td>{}</td><td>{}</td></tr>\n",
                   timeline.moment(mark->at), lane->set.revision, markup(what), markup(mark->text),
                   markup(mark->by));
  }
  out += "</tbody></table>\n";
}

}  // namespace

std::string page_style() { return std::string(k_style).append(timeline_svg_style()); }

std::string pictures(const Timeline& timeline, const std::string& name) {
  return "<div class=\"wide\">" + timeline_svg(timeline, {false, false, name + "-w"}) +
         "</div><div class=\"narrow\">" + timeline_svg(timeline, {true, false, name + "-n"}) +
         "</div>\n";
}

/// The first of the three parts of a whole page says that it is torn, and the style hides it where
/// two follow: no page that a full disk or a kill cut short looks whole.
std::string timeline_html(const Timeline& timeline) {
  std::string out = fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" "
      "content=\"width=device-width,initial-scale=1\"><meta http-equiv=\"Content-Security-Policy\" "
      "content=\"default-src 'none'; style-src 'unsafe-inline'\"><title>Timeline of "
      "{0}</title><style>{1}{2}</style></head>\n"
      "<body><p class=\"torn\">This page is not whole: it was cut off while it was written.</p>\n"
      "<main><h1>{0}</h1>\n",
      markup(timeline.service), page_style(), k_torn);
  out += pictures(timeline, "t");
  lanes_table(out, timeline);
  marks_table(out, timeline);
  return out + fmt::format("</main>\n<footer>cdctl timeline {}, {} UTC</footer></body></html>\n",
                           markup(timeline.service), short_time(timeline.to));
}

}  // namespace cdctl::cli
