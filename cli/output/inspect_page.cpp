#include "cli/output/inspect_page.hpp"

#include <algorithm>

#include <fmt/format.h>

#include <cdctl/text.hpp>
#include <cdctl/time.hpp>

#include "cli/output/cell.hpp"
#include "cli/output/output.hpp"
#include "cli/output/record_lines.hpp"
#include "cli/output/screen_text.hpp"
#include "core/records/set.hpp"
#include "core/records/signal.hpp"

namespace cdctl::cli {

namespace {

class Page {
 public:
  Page(bool colour, std::size_t columns) : colour_(colour), columns_(columns) {}

  void title(std::string_view text) {
    out_ += colour_ ? fmt::format("\033[1m{}\033[0m\n", text) : fmt::format("{}\n", text);
  }
  void row(std::string_view name, std::string_view text) {
    if (!text.empty())
      fmt::format_to(std::back_inserter(out_), "  {:<{}} {}\n", name, k_name,
                     wrapped(text, k_name + 3, columns_));
  }
  void line(std::string_view text) {
    fmt::format_to(std::back_inserter(out_), "  {}\n", wrapped(printable(text, 400), 4, columns_));
  }
  [[nodiscard]] std::string take() { return std::move(out_); }

 private:
  static constexpr std::size_t k_name = 17;  // topic permissions
  bool colour_;
  std::size_t columns_;
  std::string out_;
};

std::string when(const std::optional<Time>& time) {
  return time ? fmt::format("{} ago ({})", to_age(now() - *time), to_rfc3339(*time)) : "";
}

constexpr const char* k_unread = "could not be read";

std::string text_of(const Json& value) {
  return value.is_null() ? k_unread : value.is_string() ? printable(value.view()) : value.dump();
}
std::string text_of(const std::string& value) {
  return value.empty() ? k_unread : printable(value);
}
std::string text_of(const std::optional<std::int64_t>& value) {
  return value ? std::to_string(*value) : k_unread;
}

/// `Fix the colours, by Alice 2h ago`; nothing where that is not known.
std::string commit_line(const Json& source) {
  const auto subject = source["subject"].view(), author = source["author"].view();
  if (subject.empty()) return {};
  const auto at = parse_rfc3339(source["committed_at"].view());
  return fmt::format("{}{}{}", printable(subject),
                     author.empty() ? "" : ", by " + printable(author),
                     at ? fmt::format(" {} ago", to_age(now() - *at)) : "");
}

void sources(Page& page, const Sources& all, const Json& told) {
  for (const auto& [name, source] : all) {
    const auto number = source.number ? fmt::format(" #{}", *source.number) : "";
    const auto url = source.url.empty() ? "" : " " + printable(source.url);
    page.row(name,
             fmt::format("{} {}{}{}", source.kind, source.revision.substr(0, 12), number, url));
    page.row("", commit_line(told[name]));
  }
}

void units(Page& page, const Json& list) {
  for (const auto& unit : list.items()) {
    auto line = fmt::format("unit {}  {}  {}", text_of(unit["unit"]), text_of(unit["process"]),
                            text_of(unit["state"]));
    if (unit["pid"].as_int() > 0) line += fmt::format("  pid {}", unit["pid"].as_int());
    if (unit["restarts"].as_int() > 0)
      line += fmt::format("  {}, last end: {}", plural(unit["restarts"].as_int(), "restart"),
                          text_of(unit["last_exit"]));
    page.line(line);
    for (const auto& entry : unit["log"].items()) page.line("  | " + entry.as_string());
  }
}

/// What is wanted of its processes and not of its units: another set runs the one of the service.
std::string waiting_text(const records::Set& set) {
  std::int64_t waiting = -set.units->want.value_or(0);
  for (const auto& [process, units] : set.processes.members()) waiting += units.as_int();
  return set.units->want && waiting > 0 ? fmt::format(", {} waiting for its turn", waiting) : "";
}

/// The proposals that it has brought.
void landings(Page& page, const Json& list) {
  if (list.items().empty()) return;
  page.title("landings");
  for (const auto& one : list.items()) {
    std::vector<std::string> authors, reviewers;
    for (const auto& who : one["authors"].items()) authors.push_back(who.as_string());
    for (const auto& who : one["reviewers"].items()) reviewers.push_back(who.as_string());
    page.line(fmt::format("{}  {}  {}  by {}{}", one["landed_at"].view(), one["proposal"].view(),
                          one["title"].view(), joined(authors),
                          reviewers.empty() ? "" : ", reviewed by " + joined(reviewers)));
  }
}

/// Whatever a plugin tells, one member a line.
void members(Page& page, const Json& object) {
  for (const auto& [key, value] : object.members()) {
    if (key == "units") continue;
    auto name = key;
    std::ranges::replace(name, '_', ' ');
    for (const auto& line : value_lines(value, object)) {
      page.row(name, line);
      name.clear();
    }
  }
}

}  // namespace

std::string inspect_page(const Json& record, bool colour, std::size_t columns) {
  Page page(colour, columns);
  const auto set = records::decode<records::Set>(record);
  page.title(set.set);
  page.row("state", state_text(record));
  if (!set.cut)
    page.row("cut", k_unread);
  else if (*set.cut)
    page.row("cut", fmt::format("{} by {}: {}", when(set.cut_at), text_of(set.cut_by),
                                text_of(set.cut_why)));
  if (set.trial_until)
    page.row("on trial",
             fmt::format("until {}, by {}", to_rfc3339(*set.trial_until), text_of(set.trial_by)));
  if (!set.forced.empty())
    page.row("pinned", fmt::format("forced {} on {} by {}: {}; cdctl force none {} lifts that",
                                   set.forced, set.forced_on, text_of(set.forced_by),
                                   text_of(set.forced_why), set.forced_on));
  if (set.held)
    page.row("held", fmt::format("deploys, by {}: {}", text_of(set.held->by), set.held->why));
  if (set.units)
    page.row("units",
             fmt::format("{} of {} up{}{}", text_of(set.units->up), text_of(set.units->want),
                         waiting_text(set),
                         set.cut.value_or(false) && !set.trial_until ? ", cut off from work" : ""));
  page.row("deployed", when(set.deployed_at));
  page.row("mended", when(set.mended_at));
  page.row("is", fmt::format("{}{}", set.newest ? "the newest" : "not the newest",
                             set.proven ? ", proven" : ", not proven yet"));
  page.row("home", fmt::format("{} {}", text_of(set.engine), text_of(set.home)));
  page.title("sources");
  sources(page, set.sources, record["sources"]);
  for (const auto& [name, value] : record.members()) {
    if (!value.is_object() || name == "sources" || name == "units" || name == "cut_memory" ||
        name == "held")
      continue;
    page.title(name);
    members(page, value);
    units(page, value["units"]);
  }
  landings(page, record["landings"]);
  page.title("signals");
  const auto signals = set.signals.value_or(Json());
  if (signals.is_null())
    page.line(k_unread);
  else if (signals.items().empty())
    page.line("none");
  for (const auto& item : signals.items()) {
    const auto signal = records::decode<records::Signal>(item);
    page.line(
        fmt::format("{}  {}  {}  {}", signal.time, signal.severity, signal.signal, signal.message));
  }
  return page.take();
}

}  // namespace cdctl::cli
