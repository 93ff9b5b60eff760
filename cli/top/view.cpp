#include "cli/top/view.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

#include <cdctl/text.hpp>

#include "cli/output/screen_text.hpp"

namespace cdctl::cli {

namespace {

/// A line that is wider than the screen ends in a mark.
void clip(ScreenLine& line, const TopSize& size) {
  std::size_t used = 0, needed = 0;
  for (const auto& piece : line.pieces) {
    const auto end = piece.text.find_last_not_of(' ');
    if (end != std::string::npos)
      needed = used + display_width(std::string_view(piece.text).substr(0, end + 1));
    used += display_width(piece.text);
  }
  if (needed <= size.columns || size.columns == 0) return;
  auto left = size.columns - 1;
  for (auto& piece : line.pieces) {
    piece.text = fit(piece.text, left, "");
    left -= display_width(piece.text);
  }
  line.pieces.push_back({size.ascii ? "~" : "…", line.pieces.back().style});
}

std::vector<ScreenLine> as_shown(std::vector<ScreenLine> lines, const TopSize& size) {
  for (auto& line : lines) {
    clip(line, size);
    if (size.ascii)
      for (auto& piece : line.pieces) piece.text = ascii_of(piece.text);
  }
  return lines;
}

/// A long text in lines of the screen, at most `most`; the last ends in a mark where there is more.
std::vector<std::string> in_lines(const std::string& text, std::size_t most, const TopSize& size) {
  auto lines = lines_within(text, size.columns);
  if (lines.size() <= most) return lines;
  lines.resize(most);
  lines.back() = fit(lines.back(), size.columns - 1, "") + (size.ascii ? "~" : "…");
  return lines;
}

/// A line of a page, broken where it is wider than the screen; what follows stands two columns in.
void add_broken(std::vector<std::string>& out, const std::string& line, std::size_t columns) {
  const auto blanks = std::min(line.find_first_not_of(' '), line.size());
  if (display_width(line) <= columns || blanks + 12 > columns) return out.push_back(line);
  auto indent = blanks;
  for (const auto& piece :
       lines_within(std::string_view(line).substr(blanks), columns - blanks - 2)) {
    out.push_back(std::string(indent, ' ') + piece);
    indent = blanks + 2;
  }
}

class TopView {
 public:
  TopView(const TopModel& model, const TopChoice& choice, const TopSize& size, Time at)
      : model_(model),
        choice_(choice),
        size_(size),
        at_(at),
        rows_(model.rows(choice.sort, choice.filter)) {
    std::size_t longest = 12;
    for (const auto& [name, row] : model.all())
      longest = std::max(
          longest,
          name.size() + (row.newest ? 2 : 0));  // of all: the columns stay put under a filter
    wide_ = size.columns >= 110;
    bar_ = wide_ ? 5 : 3;
    name_ =
        std::min(longest, size.columns - std::min(size.columns - 12, fixed() + (wide_ ? 24 : 0)));
    for (const auto* row : rows_)
      if (row->work)
        most_ =
            std::max({most_, row->work->delivered, row->work->acknowledged, row->work->returned});
  }

  std::vector<ScreenLine> run(std::size_t& top) {
    title();
    headings();
    const auto signals = size_.rows >= 16 ? std::min<std::size_t>(size_.rows / 5, 8) : 0;
    const auto said = foot_lines();
    const auto landings = landings_shown();
    const auto foot = said.size() + 1 + (signals > 0 ? signals + 1 : 0) +
                      (landings.empty() ? 0 : landings.size() + 1);
    const auto body = size_.rows > foot + 2 ? size_.rows - foot - 2 : 1;
    list(body, top);
    if (!landings.empty()) last_landings(landings);
    if (signals > 0) last_signals(signals);
    for (const auto& line : said) lines_.push_back({{line}, false});
    keys();
    return std::move(lines_);
  }

 private:
  static constexpr std::size_t k_state = 15;
  /// All columns but the name and the last signal: state, units, age, three rates with a bar before
  /// each (on a wide screen) or two.
  [[nodiscard]] std::size_t fixed() const {
    return 1 + k_state + 1 + 6 + 4 + (wide_ ? 3 * (bar_ + 8) : 2 * (bar_ + 7) + 7);
  }

  [[nodiscard]] std::string_view unknown() const { return "?"; }

  void title() {
    std::size_t cut = 0, down = 0, unknown_cut = 0;
    std::map<std::string_view, int> services;
    for (const auto& [name, row] : model_.all()) {
      ++services[row.service];
      cut += row.cut.value_or(false) ? 1 : 0;
      unknown_cut += row.cut ? 0 : 1;
      const bool fell = row.state == "down" || row.state == "partial";
      down += fell && !row.cut.value_or(false) ? 1 : 0;  // one that is cut is to do nothing
    }
    ScreenLine line;
    line.pieces.push_back({"cdctl top ", TextStyle::strong});
    line.pieces.push_back(
        {fmt::format(" {}  {}  ", plural(static_cast<std::int64_t>(services.size()), "service"),
                     plural(static_cast<std::int64_t>(model_.all().size()), "set"))});
    line.pieces.push_back({unknown_cut > 0 ? fmt::format("{} cut, {}?  ", cut, unknown_cut)
                                           : fmt::format("{} cut  ", cut),
                           cut > 0           ? TextStyle::bad
                           : unknown_cut > 0 ? TextStyle::warn
                                             : TextStyle::plain});
    line.pieces.push_back(
        {fmt::format("{} down", down), down > 0 ? TextStyle::bad : TextStyle::plain});
    std::size_t used = 0;
    for (const auto& piece : line.pieces) used += display_width(piece.text);
    const auto room = size_.columns > used + 2 ? size_.columns - used - 2 : 0;
    line.pieces.push_back(
        {"  " + padded(age_text(room), room, true), stale() ? TextStyle::warn : TextStyle::dim});
    lines_.push_back(std::move(line));
  }

  [[nodiscard]] bool stale() const {
    return model_.looked_at && at_ - *model_.looked_at > model_.next + Millis(3000);
  }
  /// How old what is shown is, and as much of what a look costs as there is room for.
  [[nodiscard]] std::string age_text(std::size_t room) const {
    if (!model_.looked_at) return "looking for the first time";
    std::string out =
        fmt::format("seen {} ago", to_age(std::max(at_ - *model_.looked_at, Millis(0))));
    if (choice_.paused) return out + ", paused";
    for (const auto& more :
         {model_.next > Millis(1500) ? fmt::format(", every {}", to_age(model_.next))
                                     : std::string(),
          fmt::format(", took {} ms", model_.took.count())})
      if (out.size() + more.size() <= room) out += more;
    return out;
  }

  void headings() {
    auto text = fmt::format("{} {} {} {}", padded("SET", name_), padded("STATE", k_state),
                            padded("UNITS", 5, true), padded("AGE", 4, true));
    if (wide_)
      text += fmt::format("  {}  {}  {}  LAST SIGNAL", padded("DELIVERED/s", bar_ + 6, true),
                          padded("ACKED/s", bar_ + 6, true), padded("FAILED/s", bar_ + 6, true));
    else
      text += fmt::format(" {} {} {}", padded("DELIV/s", bar_ + 6, true),
                          padded("ACKED/s", bar_ + 6, true), padded("FAIL/s", 6, true));
    lines_.push_back({{{padded(text, size_.columns), TextStyle::heading}}, false});
  }

  void list(std::size_t body, std::size_t& top) {
    const auto chosen =
        std::ranges::find(rows_, choice_.chosen, [](const TopRow* row) { return row->set; });
    const auto index = chosen == rows_.end() ? 0 : static_cast<std::size_t>(chosen - rows_.begin());
    top = std::min(top, rows_.size() > body ? rows_.size() - body : 0);
    if (index < top) top = index;
    if (index >= top + body) top = index - body + 1;
    for (std::size_t i = 0; i < body; ++i) {
      if (top + i < rows_.size())
        lines_.push_back(row(*rows_[top + i], top + i == index));
      else if (rows_.empty() && i == 0)
        lines_.push_back({{{nothing(), TextStyle::dim}}, false});
      else
        lines_.emplace_back();
    }
  }

  [[nodiscard]] std::string nothing() const {
    if (!model_.looked_at) return "";
    return choice_.filter.empty() ? "no sets; cdctl outdated | cdctl deploy puts some out"
                                  : fmt::format("no set has '{}' in its name", choice_.filter);
  }

  /// The revision tells sets apart: what is left out is the end of the service's name.
  [[nodiscard]] std::string shortened(const std::string& set, std::size_t width) const {
    constexpr std::size_t k_revision = 12;
    if (set.size() <= width || width < k_revision + 2) return set;
    return set.substr(0, width - k_revision - 1) + (size_.ascii ? "~" : "…") +
           set.substr(set.size() - k_revision);
  }

  [[nodiscard]] StyledText state_of(const TopRow& row) const {
    const auto word = std::string_view(row.word).substr(0, row.word.find(", "));
    const bool bad = word == "cut" || word == "down";
    const bool warn =
        word == "partial" || word == "trial" || word == "unknown" || word.ends_with('?');
    return {row.word, bad              ? TextStyle::bad
                      : warn           ? TextStyle::warn
                      : word == "live" ? TextStyle::good
                                       : TextStyle::plain};
  }
  [[nodiscard]] StyledText units_of(const TopRow& row) const {
    const auto number = [&](const std::optional<std::int64_t>& value) {
      return value ? fmt::format("{}", *value) : std::string(unknown());
    };
    return {number(row.up) + "/" + number(row.want), !row.up ? TextStyle::plain
                                                     : row.want && *row.up < *row.want
                                                         ? TextStyle::bad
                                                         : TextStyle::plain};
  }

  void rate(ScreenLine& line, double value, TextStyle style, bool with_bar,
            std::size_t width) const {
    if (with_bar) {
      // A logarithmic scale: one message a second is to be seen beside a thousand.
      const auto share = value <= 0 || most_ <= 0 ? 0 : std::log1p(value) / std::log1p(most_);
      line.pieces.push_back({bar(share, bar_, size_.ascii), style});
    }
    line.pieces.push_back(
        {padded(short_rate(value), width, true), value > 0 ? style : TextStyle::dim});
  }

  [[nodiscard]] ScreenLine row(const TopRow& row, bool chosen) const {
    ScreenLine line{{}, chosen};
    const auto put = [&](const StyledText& piece, std::size_t width, bool right = false) {
      line.pieces.push_back({padded(piece.text, width, right) + " ", piece.style});
    };
    const std::string star = row.newest ? size_.ascii ? " *" : " ★" : "";
    put({shortened(row.set, name_ - display_width(star)) + star,
         row.newest ? TextStyle::strong : TextStyle::plain},
        name_);
    put(state_of(row), k_state);
    put(units_of(row), 5, true);
    line.pieces.push_back(
        {padded(row.deployed_at ? to_age(at_ - *row.deployed_at) : "?", 4, true)});
    rates(line, row);
    if (wide_) note(line, row);
    return line;
  }

  void rates(ScreenLine& line, const TopRow& row) const {
    const std::string gap = wide_ ? "  " : " ";
    if (!row.work) {
      line.pieces.push_back({gap + padded("?", bar_ + 6, true) + gap + padded("?", bar_ + 6, true) +
                                 gap + padded("?", wide_ ? bar_ + 6 : 6, true),
                             TextStyle::dim});
      return;
    }
    line.pieces.push_back({gap});
    rate(line, row.work->delivered, TextStyle::plain, true, 6);
    line.pieces.push_back({gap});
    rate(line, row.work->acknowledged, TextStyle::good, true, 6);
    line.pieces.push_back({gap});
    rate(line, row.work->returned, TextStyle::bad, wide_, 6);
  }

  void note(ScreenLine& line, const TopRow& row) const {
    if (!row.trouble.empty())
      line.pieces.push_back({"  " + row.trouble, TextStyle::warn});
    else if (const auto* signal = model_.last_signal(row.set))
      line.pieces.push_back(
          {fmt::format("  {} {}", to_age(std::max(at_ - signal->at, Millis(0))), signal->name),
           style_of(signal->severity)});
    else if (row.cut.value_or(false))
      line.pieces.push_back({"  " + row.why_cut, TextStyle::dim});
  }

  static TextStyle style_of(std::string_view severity) {
    return severity == "critical" || severity == "error" ? TextStyle::bad
           : severity == "warning"                       ? TextStyle::warn
                                                         : TextStyle::plain;
  }

  /// The newest of the last day, oldest first, where there is room.
  [[nodiscard]] std::vector<const TopLanding*> landings_shown() const {
    constexpr std::size_t k_most = 3;
    std::vector<const TopLanding*> out;
    if (size_.rows < 20) return out;
    for (const auto& landing : model_.landings())
      if (at_ - landing.at < std::chrono::hours(24)) out.push_back(&landing);
    if (out.size() > k_most) out.erase(out.begin(), out.end() - k_most);
    return out;
  }

  void last_landings(const std::vector<const TopLanding*>& landings) {
    lines_.push_back({{{padded("LANDINGS", size_.columns), TextStyle::heading}}, false});
    for (const auto* one : landings)
      lines_.push_back({{{padded(to_age(std::max(at_ - one->at, Millis(0))), 4, true) + "  "},
                         {padded(one->landed ? "landed" : "rejected", 9),
                          one->landed ? TextStyle::good : TextStyle::bad},
                         {fmt::format("{}  {}  {}{}", one->target, one->proposal, one->title,
                                      one->who.empty() ? "" : fmt::format(" ({})", one->who))}},
                        false});
  }

  void last_signals(std::size_t count) {
    lines_.push_back({{{padded("SIGNALS", size_.columns), TextStyle::heading}}, false});
    const auto& signals = model_.signals();
    const auto first = signals.size() > count ? signals.size() - count : 0;
    for (std::size_t i = 0; i < count; ++i) {
      if (first + i >= signals.size()) {
        lines_.push_back(
            {{{signals.empty() && i == 0 && model_.looked_at ? no_signals() : "", TextStyle::dim}},
             false});
        continue;
      }
      const auto& signal = signals[first + i];
      lines_.push_back({{{padded(to_age(std::max(at_ - signal.at, Millis(0))), 4, true) + "  "},
                         {padded(signal.severity, 9), style_of(signal.severity)},
                         {fmt::format("{}  {}  {}", padded(shortened(signal.set, name_), name_),
                                      signal.name, signal.message)}},
                        false});
    }
  }

  [[nodiscard]] std::string no_signals() const {
    const bool unread = std::ranges::any_of(
        model_.errors(), [](const std::string& error) { return error.starts_with("the feed"); });
    return unread ? "could not be read" : "none in the last ten minutes";
  }

  /// What an action came to, else what could not be asked, else what is wrong with the chosen set
  /// where its row has no room for it: a line at least, and as many as it needs, up to a quarter of
  /// the screen.
  [[nodiscard]] std::vector<StyledText> foot_lines() const {
    const auto [text, style] = foot_text();
    std::vector<StyledText> out;
    for (auto& line : in_lines(text, std::max<std::size_t>(size_.rows / 4, 1), size_))
      out.push_back({std::move(line), style});
    return out;
  }
  [[nodiscard]] StyledText foot_text() const {
    if (!choice_.status.empty()) return {choice_.status, choice_.status_style};
    if (const auto& errors = model_.errors(); !errors.empty())
      return {
          fmt::format("? {}{}", errors.front(),
                      errors.size() > 1 ? fmt::format(" (and {} more)", errors.size() - 1) : ""),
          TextStyle::warn};
    if (const auto chosen = model_.all().find(choice_.chosen);
        !wide_ && chosen != model_.all().end() && !chosen->second.trouble.empty())
      return {fmt::format("{}: {}", choice_.chosen, chosen->second.trouble), TextStyle::warn};
    return {choice_.filter.empty()
                ? ""
                : fmt::format("only names with '{}'; / changes it", choice_.filter),
            TextStyle::dim};
  }

  void keys() {
    if (!choice_.prompt.empty())
      lines_.push_back({{{choice_.prompt, TextStyle::strong}}, false});
    else
      lines_.push_back(
          {{{fmt::format("Enter inspect  b break  m mend  / filter  s by {}  p {}  ? help  q quit",
                         to_string(choice_.sort), choice_.paused ? "go on" : "pause"),
             TextStyle::dim}},
           false});
  }

  const TopModel& model_;
  const TopChoice& choice_;
  TopSize size_;
  Time at_;
  std::vector<const TopRow*> rows_;
  bool wide_ = false;
  std::size_t name_ = 12, bar_ = 3;
  double most_ = 0;
  std::vector<ScreenLine> lines_;
};

}  // namespace

std::string bar(double share, std::size_t width, bool ascii) {
  constexpr std::array<std::string_view, 8> k_eighths{"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
  const auto eighths = static_cast<std::size_t>(
      std::lround(std::clamp(share, 0.0, 1.0) * static_cast<double>(width * 8)));
  std::string out;
  for (std::size_t i = 0; i < eighths / 8; ++i) out += ascii ? "#" : "█";
  const bool part = eighths % 8 != 0 && (!ascii || eighths < 8);
  if (part) out += ascii ? "#" : k_eighths[eighths % 8];
  return out + std::string(width - eighths / 8 - (part ? 1 : 0), ' ');
}

std::string short_rate(double a_second) {
  if (a_second <= 0) return "0";
  if (a_second < 0.05) return "<0.1";
  if (a_second < 9.95) return fmt::format("{:.1f}", a_second);
  if (a_second < 9999.5) return fmt::format("{:.0f}", a_second);
  if (a_second < 999'500) return fmt::format("{:.0f}k", a_second / 1000);
  return fmt::format("{:.1f}M", a_second / 1e6);
}

std::vector<ScreenLine> draw_top(const TopModel& model, const TopChoice& choice,
                                 const TopSize& size, Time at, std::size_t& top) {
  return as_shown(TopView(model, choice, size, at).run(top), size);
}

std::vector<ScreenLine> draw_page(const std::string& title, const std::vector<std::string>& text,
                                  const TopSize& size, std::size_t& from) {
  std::vector<std::string> lines;
  for (const auto& line : text) add_broken(lines, line, size.columns);
  const auto body = size.rows > 3 ? size.rows - 2 : 1;
  from = std::min(from, lines.size() > body ? lines.size() - body : 0);
  std::vector<ScreenLine> out;
  out.push_back({{{padded(title, size.columns), TextStyle::heading}}, false});
  for (std::size_t i = 0; i < body; ++i) {
    if (from + i >= lines.size())
      out.emplace_back();
    else
      out.push_back(
          {{{lines[from + i], lines[from + i].starts_with(' ') || lines[from + i].starts_with('?')
                                  ? TextStyle::plain
                                  : TextStyle::strong}},
           false});
  }
  const auto last = std::min(from + body, lines.size());
  out.push_back({{{fmt::format("lines {} to {} of {}  arrows, Page Up, Page Down  q back",
                               lines.empty() ? 0 : from + 1, last, lines.size()),
                   TextStyle::dim}},
                 false});
  return as_shown(std::move(out), size);
}

std::vector<std::string> top_help() {
  return {"keys",
          "  up, down, j, k, Page Up, Page Down, Home, End    choose a set",
          "  Enter    everything about it: sources, units, logs, queues, cuts, signals",
          "  b        cut it off; asks first, and says what the guards say",
          "  m        join it again; asks first",
          "  /        show only sets with this in their names; a glob works too",
          "  s        sort by service, trouble, work, age",
          "  p        pause, or go on",
          "  q        quit",
          "columns",
          "  STATE    live, cut, down, …; trial: let back to prove itself;",
          "           pinned: somebody forced it; held: its deploys are frozen",
          "  UNITS    up / wanted",
          "  DELIV(ERED), ACKED, FAILED: messages a second over the last 10 s, as the",
          "           broker counts them. Failed ones were given back. The bars are",
          "           logarithmic.",
          "  ?        could not be read; the line at the foot says why",
          "landings",
          "  What came to the targets of this home in the last day, and what was",
          "  rejected: the newest three, on a screen of 20 lines or more, and where top",
          "  shows all services.",
          "a look",
          "  The sets are looked at each second. Where that costs more than 4 % of a",
          "  core here, or a tenth of the broker's time, less often: the first line",
          "  says how often, and how old what you see is."};
}

}  // namespace cdctl::cli
