#include "cli/output/inspect_page.hpp"

#include <algorithm>

#include <fmt/format.h>

#include <cdctl/text.hpp>
#include <cdctl/time.hpp>

#include "cli/output/output.hpp"
#include "cli/output/record_lines.hpp"
#include "cli/output/screen_text.hpp"

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

std::string when(const Json& time) {
  const auto at = parse_rfc3339(time.view());
  return at ? fmt::format("{} ago ({})", to_age(now() - *at), time.view()) : "";
}

std::string text_of(const Json& value) {
  return value.is_null()     ? "could not be read"
         : value.is_string() ? printable(value.view())
                             : value.dump();
}

void sources(Page& page, const Json& all) {
  for (const auto& [name, source] : all.members()) {
    const auto number =
        source["number"].is_int() ? fmt::format(" #{}", source["number"].as_int()) : "";
    const auto url = source["url"].view().empty() ? "" : " " + printable(source["url"].view());
    page.row(name, fmt::format("{} {}{}{}", source["kind"].as_string(),
                               source["revision"].as_string().substr(0, 12), number, url));
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
  page.title(record["set"].view());
  page.row("state", text_of(record["state"]));
  page.row("cut", record["cut"].is_null() ? "could not be read"
                  : record["cut"].as_bool()
                      ? fmt::format("yes, {} by {}: {}", when(record["cut_at"]),
                                    text_of(record["cut_by"]), text_of(record["cut_why"]))
                      : "no");
  if (record["units"].is_object())
    page.row("units", fmt::format("{} of {} up", text_of(record["units"]["up"]),
                                  text_of(record["units"]["want"])));
  page.row("deployed", when(record["deployed_at"]));
  page.row("mended", when(record["mended_at"]));
  page.row("is", fmt::format("{}{}", record["newest"].as_bool() ? "the newest" : "not the newest",
                             record["proven"].as_bool() ? ", proven" : ", not proven yet"));
  page.row("home", fmt::format("{} {}", text_of(record["engine"]), text_of(record["home"])));
  page.title("sources");
  sources(page, record["sources"]);
  for (const auto& [name, value] : record.members()) {
    if (!value.is_object() || name == "sources" || name == "units" || name == "cut_memory")
      continue;
    page.title(name);
    members(page, value);
    units(page, value["units"]);
  }
  page.title("signals");
  if (record["signals"].is_null())
    page.line("could not be read");
  else if (record["signals"].items().empty())
    page.line("none");
  for (const auto& signal : record["signals"].items())
    page.line(fmt::format("{}  {}  {}  {}", signal["time"].as_string(),
                          signal["severity"].as_string(), signal["signal"].as_string(),
                          signal["message"].as_string()));
  return page.take();
}

}  // namespace cdctl::cli
