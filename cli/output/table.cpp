#include <algorithm>
#include <numeric>
#include <span>

#include <fmt/format.h>

#include <cdctl/text.hpp>
#include "cli/output/cell.hpp"
#include "cli/output/output.hpp"

#include "cli/output/screen_text.hpp"

namespace cdctl::cli {

namespace {

using plugin::ColumnRow;
using plugin::RecordRow;

std::string_view colour_of(std::string_view text) {
  text = text.substr(0, text.find(", "));  // `cut, pinned`
  if (text == "critical" || text == "unhealthy" || text == "failed" || text == "cut" ||
      text == "down" || text == "bad")
    return "\033[31m";
  if (text == "warning" || text == "error" || text == "partial" || text == "undecided" ||
      text == "unknown" || text == "wait" || text == "?")
    return "\033[35m";  // yellow cannot be read on white
  if (text == "live" || text == "healthy" || text == "done" || text == "ok") return "\033[32m";
  return {};
}

void put(std::string& out, std::string_view text, std::size_t width, bool colour, bool last) {
  const auto code = colour ? colour_of(text) : std::string_view();
  out += code;
  out += text;
  if (!code.empty()) out += "\033[0m";
  if (last) return;
  const auto have = display_width(text);
  out.append((width > have ? width - have : 0) + 2, ' ');
}

void trim_end(std::string& line) {
  while (!line.empty() && line.back() == ' ') line.pop_back();
}

/// Records without columns: one `key  value` line a member.
std::string plain_text(const Json& record) {
  std::string out;
  for (const auto& [key, value] : record.members())
    if (key != "schema")
      fmt::format_to(std::back_inserter(out), "{:<16} {}\n", key, scalar_text(value));
  return out;
}

std::vector<ColumnRow> shown(const RecordRow& row, bool wide) {
  std::vector<ColumnRow> out;
  for (const auto& column : std::span(row.columns, row.column_count))
    if (wide || !column.wide_only) out.push_back(column);
  return out;
}

/// Makes the widest columns narrower until a line fits the terminal. The first, a name, stays
/// whole.
void narrow(std::vector<std::size_t>& widths, std::size_t bound) {
  constexpr std::size_t k_least = 12;
  const auto all = [&] {
    return std::accumulate(widths.begin(), widths.end(), 2 * (widths.size() - 1));
  };
  while (widths.size() > 1 && all() > bound) {
    const auto widest = std::max_element(widths.begin() + 1, widths.end());
    if (*widest <= k_least) return;
    --*widest;
  }
}

/// A row of a table; a cell that is wider than its column goes on in the lines below.
void add_row(std::string& out, const std::vector<std::string>& row,
             const std::vector<std::size_t>& widths, bool colour) {
  std::vector<std::vector<std::string>> cells;
  std::size_t lines = 1;
  for (std::size_t i = 0; i < row.size(); ++i)
    lines = std::max(lines, cells.emplace_back(lines_within(row[i], widths[i])).size());
  for (std::size_t n = 0; n < lines; ++n) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i)
      put(line, n < cells[i].size() ? std::string_view(cells[i][n]) : "", widths[i], colour,
          i + 1 == row.size());
    trim_end(line);
    out += line + "\n";
  }
}

/// What every stream shows, however narrow the terminal is: when, what, how, why.
constexpr std::size_t k_columns_of_a_stream = 5;

/// The columns of a stream have fixed widths. Where they are wider than the terminal those beside
/// the last go, from the right.
void leave_out(std::vector<ColumnRow>& columns, std::size_t bound) {
  const auto begin_of_last = [&] {
    std::size_t out = 0;
    for (std::size_t i = 0; i + 1 < columns.size(); ++i) out += columns[i].width + 2;
    return out;
  };
  while (bound > 0 && columns.size() > k_columns_of_a_stream && begin_of_last() > bound)
    columns.erase(columns.end() - 2);
}

/// The last text of a stream's line: on the terminal it goes on below itself, or on lines of its
/// own where little room is left.
std::string last_text(std::string_view text, std::size_t begin, std::size_t bound) {
  constexpr std::size_t k_indent = 16, k_room = 24;
  if (bound == 0 || begin + display_width(text) <= bound) return std::string(text);
  if (begin + k_room <= bound) return wrapped(text, begin, bound);
  return "\n" + std::string(k_indent, ' ') + wrapped(text, k_indent, bound);
}

}  // namespace

std::string render_table(const std::vector<Json>& records, const RecordRow* row, bool wide,
                         bool colour) {
  std::string out;
  if (!row || row->column_count == 0) {
    for (const auto& record : records) out += plain_text(record) + "\n";
    return out;
  }
  const auto columns = shown(*row, wide);
  std::vector<std::string> headings;
  std::vector<std::size_t> widths;
  std::vector<std::vector<std::string>> rows;
  for (const auto& column : columns) widths.push_back(headings.emplace_back(column.heading).size());
  for (const auto& record : records) {
    auto& cells = rows.emplace_back();
    for (std::size_t i = 0; i < columns.size(); ++i) {
      cells.push_back(cell_text(record, columns[i]));
      widths[i] = std::max(widths[i], display_width(cells[i]));
    }
  }
  if (const auto bound = Output::columns(); bound > 0 && !wide) narrow(widths, bound);
  add_row(out, headings, widths, false);
  for (const auto& cells : rows) add_row(out, cells, widths, colour);
  return out;
}

std::string render_stream_line(const Json& record, const RecordRow& row, bool wide, bool colour,
                               bool first) {
  auto columns = shown(row, wide);
  const auto bound = wide ? 0 : Output::columns();
  leave_out(columns, bound);
  std::string out;
  const auto add_line = [&](const auto& text_of, bool coloured) {
    std::string line;
    std::size_t begin = 0;
    for (std::size_t i = 0; i < columns.size(); ++i) {
      const bool last = i + 1 == columns.size();
      const auto text = text_of(columns[i]);
      const std::size_t width = columns[i].width;
      put(line, last ? last_text(text, begin, bound) : text, width, coloured, last);
      begin += std::max(display_width(text), width) + 2;
    }
    trim_end(line);
    out += line + "\n";
  };
  if (first) add_line([](const ColumnRow& column) { return std::string(column.heading); }, false);
  add_line([&](const ColumnRow& column) { return cell_text(record, column); }, colour);
  return out;
}

}  // namespace cdctl::cli
