#include <algorithm>
#include <array>
#include <numeric>

#include <fmt/format.h>

#include <cdctl/text.hpp>
#include <cdctl/time.hpp>

#include "cli/output/output.hpp"
#include "cli/output/screen_text.hpp"

namespace cdctl::cli {

namespace {

enum class Show {
  text,
  age,
  units,
  yes,
  cut,
  list,
  roles,
  pairs,
  names,
  last,
  what,
  brief,
  clock,
  cause
};

constexpr std::size_t k_brief = 34;  // leaves room in 80 columns for the rest of a unit

struct Column {
  std::string_view heading, field;
  Show show = Show::text;
  bool wide_only = false;
  std::size_t width = 0;  ///< of a stream's line
};
struct Layout {
  std::string_view schema;
  bool stream;
  std::vector<Column> columns;
};

const std::vector<Layout>& layouts() {
  static const std::vector<Layout> all{
      {"cdctl.set/1",
       false,
       {{"SET", "set"},
        {"STATE", "state"},
        {"CUT", "cut", Show::cut},
        {"UNITS", "units", Show::units},
        {"AGE", "deployed_at", Show::age},
        {"NOTE", "", Show::what},
        {"ENGINE", "engine", Show::text, true},
        {"HOME", "home", Show::text, true}}},
      {"cdctl.revision/1",
       false,
       {{"SERVICE", "service"},
        {"REVISION", "revision"},
        {"WHY", "why"},
        {"SOURCES", "sources", Show::what},
        {"SET", "set", Show::text, true}}},
      {"cdctl.outcome/1",
       true,
       {{"ACTION", "action", Show::text, false, 7},
        {"SET", "set", Show::text, false, 28},
        {"RESULT", "", Show::what, false, 12},
        {"TOOK", "took_ms", Show::text, false, 9},
        {"WHY", "why"}}},
      {"log",
       true,
       {{"TIME", "time", Show::clock, false, 14},
        {"ACTION", "action", Show::text, false, 7},
        {"SET", "set", Show::text, false, 28},
        {"RESULT", "", Show::what, false, 9},
        {"BY", "by", Show::text, true, 16},
        {"TOOK", "took_ms", Show::text, true, 10},
        {"WHY", "", Show::cause}}},
      {"cdctl.signal/1",
       true,
       {{"TIME", "time", Show::clock, false, 14},
        {"SEVERITY", "severity", Show::text, false, 9},
        {"SET", "set", Show::text, false, 28},
        {"SIGNAL", "signal", Show::text, false, 16},
        {"MESSAGE", "message"}}},
      {"cdctl.verdict/1",
       true,
       {{"TIME", "time", Show::clock, false, 14},
        {"SET", "set", Show::text, false, 28},
        {"VERDICT", "verdict", Show::text, false, 10},
        {"RULE", "rule", Show::text, false, 24},
        {"WHY", "why"}}},
      {"cdctl.explain/1",
       false,
       {{"SET", "set"},
        {"RULE", "rule"},
        {"STATE", "state"},
        {"BY", "basis"},
        {"COUNT", "count"},
        {"VALUE", "value"},
        {"TRIPS AT", "threshold"},
        {"WHY", "why"},
        {"STAND", "stand", Show::text, true},
        {"VERDICT", "verdict", Show::text, true}}},
      {"cdctl.phase/1",
       true,
       {{"MANIFEST", "path", Show::text, false, 16},
        {"LINE", "line", Show::text, false, 5},
        {"PHASE", "phase", Show::text, false, 15},
        {"STATE", "state", Show::text, false, 8},
        {"WALL", "wall_ms", Show::text, false, 10},
        {"OPTIONS", "options", Show::pairs}}},
      {"cdctl.collect/1",
       false,
       {{"FILE", "path"},
        {"LINE", "line"},
        {"DESTINATION", "destination"},
        {"SOURCE", "source"},
        {"OPTIONS", "options", Show::pairs}}},
      {"cdctl.phase-kind/1",
       false,
       {{"PHASE", "name"},
        {"OPTIONS", "options", Show::names},
        {"FILE", "default"},
        {"DOES", "summary"}}},
      {"cdctl.finding/1",
       false,
       {{"SEVERITY", "severity"},
        {"FILE", "path"},
        {"LINE", "line"},
        {"RULE", "rule"},
        {"FIXED", "fixed", Show::yes},
        {"MESSAGE", "message"}}},
      {"cdctl.lint-rule/1",
       false,
       {{"RULE", "name"},
        {"SEVERITY", "severity"},
        {"FIXABLE", "fixable", Show::yes},
        {"FINDS", "summary"}}},
      {"cdctl.workspace/1",
       false,
       {{"WORKSPACE", "name"},
        {"PROJECT", "project"},
        {"SERIES", "series"},
        {"STAGE", "stage"},
        {"LAST", "last", Show::last},
        {"SPEC", "spec"},
        {"FOLDER", "folder", Show::text, true}}},
      {"cdctl.juju-model/1",
       false,
       {{"MODEL", "name"},
        {"TYPE", "type"},
        {"LIFE", "life"},
        {"STATUS", "status"},
        {"CLOUD", "cloud"},
        {"AGENT", "agent_version"},
        {"REGION", "region", Show::text, true},
        {"ACCESS", "access", Show::text, true},
        {"UUID", "uuid", Show::text, true},
        {"MESSAGE", "message", Show::text, true}}},
      {"cdctl.juju-application/1",
       false,
       {{"APPLICATION", "name"},
        {"HEALTH", "health"},
        {"UNITS", "units", Show::units},
        {"NOTE", "", Show::what},
        {"MODEL", "model"},
        {"STATUS", "status", Show::text, true},
        {"CHARM", "charm", Show::text, true},
        {"REV", "charm_revision", Show::text, true},
        {"MESSAGE", "message", Show::text, true}}},
      {"cdctl.juju-unit/1",
       false,
       {{"UNIT", "name"},
        {"HEALTH", "health"},
        {"WORKLOAD", "workload"},
        {"AGENT", "agent"},
        {"WHY", "why", Show::brief},
        {"LEADER", "leader", Show::yes, true},
        {"MACHINE", "machine", Show::text, true},
        {"ADDRESS", "address", Show::text, true},
        {"MODEL", "model", Show::text, true},
        {"MESSAGE", "message", Show::text, true}}},
      {"cdctl.juju-offer/1",
       false,
       {{"OFFER", "name"},
        {"APPLICATION", "application"},
        {"JOINED", "joined"},
        {"ENDPOINTS", "endpoints", Show::names},
        {"URL", "url"},
        {"CHARM", "charm", Show::text, true},
        {"MODEL", "model", Show::text, true}}},
      {"cdctl.force/1",
       false,
       {{"TARGET", "target"}, {"STATE", "state"}, {"BY", "by"}, {"WHY", "why"}}},
      {"cdctl.file/1",
       false,
       {{"FILE", "path"}, {"RESULT", "", Show::what}, {"TEXT", "text", Show::text, true}}},
      {"cdctl.setting/1",
       false,
       {{"SERVICE", "service"}, {"KEY", "key"}, {"VALUE", "value"}, {"FROM", "from"}}},
      {"cdctl.key/1",
       false,
       {{"KEY", "key"},
        {"TYPE", "type"},
        {"DEFAULT", "default"},
        {"MEANING", "meaning"},
        {"WHERE", "place", Show::text, true},
        {"EXAMPLE", "example", Show::text, true},
        {"OBEYED BY", "commands", Show::text, true}}},
      {"cdctl.problem/1",
       false,
       {{"FILE", "file"}, {"LINE", "line"}, {"COLUMN", "column"}, {"WHAT", "what"}}},
      {"cdctl.path/1", false, {{"FILE", "file"}, {"TRUSTED", "trusted", Show::yes}}},
      {"cdctl.hold/1",
       false,
       {{"SERVICE", "service"},
        {"HELD", "held", Show::yes},
        {"UNTIL", "until"},
        {"BY", "by"},
        {"WHY", "why"}}},
      {"cdctl.retire/1",
       false,
       {{"SERVICE", "service"},
        {"OK", "ok", Show::yes},
        {"REAPED", "reaped"},
        {"FORGOTTEN", "forgotten"},
        {"QUEUES", "queues", Show::list}}},
      {"cdctl.check/1",
       false,
       {{"CHECK", "what"}, {"STATE", "state"}, {"FOUND", "found"}, {"CURE", "cure"}}},
      {"cdctl.plugin/1",
       false,
       {{"PLUGIN", "name"},
        {"VERSION", "version"},
        {"OK", "ok", Show::yes},
        {"ROLES", "", Show::roles},
        {"REFUSED", "refused"},
        {"FILE", "file", Show::text, true}}},
  };
  return all;
}

const Layout* layout_of(std::string_view schema) {
  for (const auto& layout : layouts())
    if (layout.schema == schema) return &layout;
  return nullptr;
}

std::string scalar(const Json& value) {
  if (value.is_null()) return "-";
  if (value.is_string()) return printable(value.view(), 300);
  return value.dump();
}

/// The sources of a record in short: `trunk 9f2c1ab #124`.
std::string sources_text(const Json& sources) {
  std::string out;
  for (const auto& [name, source] : sources.members()) {
    if (name == "service") continue;
    if (!out.empty()) out += ", ";
    out += name + " " + source["revision"].as_string().substr(0, 8);
    if (source["number"].is_int()) out += fmt::format(" #{}", source["number"].as_int());
  }
  return out;
}

/// `dying, 1 down, 2 bad`, or where an application of another model comes from.
std::string application_note(const Json& record) {
  if (!record["error"].is_null()) return "cannot be read";
  if (record["kind"].view() == "remote") return "from " + scalar(record["url"]);
  std::string out = record["life"].view() == "alive" || record["life"].is_null()
                        ? ""
                        : record["life"].as_string();
  for (const auto* count : {"down", "bad", "unknown"})
    if (const auto n = record["units"][count].as_int(); n > 0)
      out += fmt::format("{}{} {}", out.empty() ? "" : ", ", n, count);
  return out;
}

/// What a plugin does: `switch feed`; the kind is named only where it is not the plugin's name.
std::string roles_text(const Json& record) {
  std::string out;
  const auto own = ":" + record["name"].as_string();
  for (const auto& item : record["roles"].items()) {
    auto role = scalar(item);
    if (role.ends_with(own)) role.resize(role.size() - own.size());
    out += (out.empty() ? "" : " ") + role;
  }
  return out;
}

std::string note_text(const Json& record) {
  if (record["schema"].view() == "cdctl.juju-application/1")
    return printable(application_note(record), 120);
  std::vector<std::string> parts;
  if (record["schema"].view() == "cdctl.revision/1") return sources_text(record["sources"]);
  if (record["schema"].view() == "cdctl.outcome/1" || record["schema"].view() == "cdctl.file/1") {
    if (!record["ok"].as_bool(true)) return "failed";
    if (record["dry_run"].as_bool()) return "would";
    return record["changed"].as_bool() ? (record["path"].is_null() ? "done" : "written")
                                       : "unchanged";
  }
  if (record["newest"].as_bool()) parts.emplace_back("newest");
  if (record["proven"].as_bool()) parts.emplace_back("proven");
  if (record["stale"].is_object()) parts.push_back("stale: " + record["stale"]["why"].as_string());
  if (!record["kept"].is_null()) parts.push_back("kept: " + record["kept"].as_string());
  if (record["cut"].as_bool() && !record["cut_why"].view().empty())
    parts.push_back("cut: " + record["cut_why"].as_string());
  if (record["held"].is_object())
    parts.push_back("deploys held: " + record["held"]["why"].as_string());
  std::string out;
  for (const auto& part : parts) out += (out.empty() ? "" : ", ") + part;
  return out.empty() ? "" : printable(out, 120);
}

std::string cell(const Json& record, const Column& column) {
  const auto& value = record[column.field];
  switch (column.show) {
    case Show::age:
      if (const auto time = parse_rfc3339(value.view())) return to_age(now() - *time);
      return "-";
    case Show::units:
      return value.is_object() ? fmt::format("{}/{}", scalar(value["up"]), scalar(value["want"]))
                               : "?";
    case Show::yes:
      return value.as_bool() ? "yes" : "no";
    case Show::cut:
      return value.is_null() ? "?" : value.as_bool() ? "cut" : "-";
    case Show::list: {
      std::string out;
      for (const auto& item : value.items()) out += (out.empty() ? "" : " ") + scalar(item);
      return out;
    }
    case Show::roles:
      return roles_text(record);
    case Show::pairs: {
      std::string out;
      for (const auto& item : value.items())
        if (item.items().size() == 2)
          out += (out.empty() ? "" : " ") + scalar(item.items()[0]) + "=" + scalar(item.items()[1]);
      return out;
    }
    case Show::names: {
      std::string out;
      for (const auto& item : value.items()) out += (out.empty() ? "" : " ") + scalar(item["name"]);
      return out;
    }
    case Show::last:
      return value.is_object()
                 ? fmt::format("{}:{} {} {}", scalar(value["path"]), scalar(value["line"]),
                               scalar(value["phase"]), scalar(value["state"]))
                 : "-";
    case Show::what:
      return note_text(record);
    case Show::clock: {
      const auto text = value.as_string();  // 11-23 04:12:09
      return text.size() < 20 ? scalar(value) : text.substr(5, 5) + " " + text.substr(11, 8);
    }
    case Show::cause:
      return record["error"].is_null() ? record["why"].is_null() ? "" : scalar(record["why"])
                                       : scalar(record["error"]);
    case Show::brief:
      return value.is_null() ? "" : printable(value.view(), k_brief);
    case Show::text:
      break;
  }
  if (column.field == "wall_ms")
    return value.is_null() ? "-" : fmt::format("{} ms", value.as_double());
  if (column.field == "took_ms") return fmt::format("{} ms", value.as_double());
  return value.is_null() && (column.field == "why" || column.field == "message" ||
                             column.field == "rule" || column.field == "refused")
             ? ""
             : scalar(value);
}

std::string_view colour_of(std::string_view text) {
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

/// Records without a layout: one `key  value` line a member.
std::string plain_text(const Json& record) {
  std::string out;
  for (const auto& [key, value] : record.members())
    if (key != "schema") fmt::format_to(std::back_inserter(out), "{:<16} {}\n", key, scalar(value));
  return out;
}

std::vector<Column> shown(const Layout& layout, bool wide) {
  std::vector<Column> out;
  for (const auto& column : layout.columns)
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

/// The last text of a stream's line: on the terminal it goes on below itself, or on lines of its
/// own where little room is left.
std::string last_text(std::string_view text, std::size_t begin, std::size_t bound) {
  constexpr std::size_t k_indent = 16, k_room = 24;
  if (bound == 0 || begin + display_width(text) <= bound) return std::string(text);
  if (begin + k_room <= bound) return wrapped(text, begin, bound);
  return "\n" + std::string(k_indent, ' ') + wrapped(text, k_indent, bound);
}

}  // namespace

bool streams(std::string_view schema) {
  const auto* layout = layout_of(schema);
  return layout && layout->stream;
}

std::string render_table(const std::vector<Json>& records, bool wide, bool colour) {
  const auto* layout = records.empty() ? nullptr : layout_of(records.front()["schema"].view());
  std::string out;
  if (!layout) {
    for (const auto& record : records) out += plain_text(record) + "\n";
    return out;
  }
  const auto columns = shown(*layout, wide);
  std::vector<std::string> headings;
  std::vector<std::size_t> widths;
  std::vector<std::vector<std::string>> rows;
  for (const auto& column : columns) widths.push_back(headings.emplace_back(column.heading).size());
  for (const auto& record : records) {
    auto& row = rows.emplace_back();
    for (std::size_t i = 0; i < columns.size(); ++i) {
      row.push_back(cell(record, columns[i]));
      widths[i] = std::max(widths[i], display_width(row[i]));
    }
  }
  if (const auto bound = Output::columns(); bound > 0 && !wide) narrow(widths, bound);
  add_row(out, headings, widths, false);
  for (const auto& row : rows) add_row(out, row, widths, colour);
  return out;
}

std::string render_stream_line(const Json& record, std::string_view layout, bool wide, bool colour,
                               bool first) {
  const auto columns = shown(*layout_of(layout), wide);
  const auto bound = wide ? 0 : Output::columns();
  std::string out;
  const auto add_line = [&](const auto& text_of, bool coloured) {
    std::string line;
    std::size_t begin = 0;
    for (std::size_t i = 0; i < columns.size(); ++i) {
      const bool last = i + 1 == columns.size();
      const auto text = text_of(columns[i]);
      put(line, last ? last_text(text, begin, bound) : text, columns[i].width, coloured, last);
      begin += std::max(display_width(text), columns[i].width) + 2;
    }
    trim_end(line);
    out += line + "\n";
  };
  if (first) add_line([](const Column& column) { return std::string(column.heading); }, false);
  add_line([&](const Column& column) { return cell(record, column); }, colour);
  return out;
}

}  // namespace cdctl::cli
