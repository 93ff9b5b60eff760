#include "cli/page/page.hpp"

#include <algorithm>

#include <fmt/format.h>

#include <cdctl/digest.hpp>
#include <cdctl/json.hpp>

#include "cli/page/assets.hpp"
#include "cli/page/sections.hpp"
#include "cli/timeline/html.hpp"
#include "cli/version.hpp"

namespace cdctl::cli {

namespace {

constexpr Millis k_patience(5'000);  // that a look may take longer than the ones before
constexpr std::size_t k_most_unasked = 6;

/// The id of a part: `service-thumbs`.
std::string id_of(std::string name) {
  std::ranges::replace(name, '/', '-');
  return name;
}

std::string alarm(std::string_view begin, Time since, std::string_view rest) {
  return fmt::format(
      "<p><span class=\"sign\" aria-hidden=\"true\">✕</span> <strong>{} {} UTC</strong>{}{}</p>",
      begin, moment_html(since), rest.empty() ? "" : ": ", markup(rest));
}

}  // namespace

std::string_view PageStatus::state(Time at) const {
  const auto last = looked_at.value_or(looking_since);
  if (!broken.empty() || at - last > next + k_patience) return "stale";
  return unasked.empty() ? "well" : "doubt";
}

std::string PageStatus::asof_html() const {
  if (!looked_at) return "Looking for the first time";
  return fmt::format("As of {} UTC{}", moment_html(*looked_at), ago_html(*looked_at));
}

std::string PageStatus::trouble_html(Time at) const {
  std::string out;
  const auto last = looked_at.value_or(looking_since);
  if (!broken.empty())
    out += alarm("Nobody looks since", last, broken);
  else if (state(at) == "stale")
    out += alarm("No look has come to its end since", last, "what is below is of then");
  for (std::size_t i = 0; i < std::min(unasked.size(), k_most_unasked); ++i)
    out +=
        alarm("Could not ask since", unasked[i].since, unasked[i].where + ": " + unasked[i].error);
  if (unasked.size() > k_most_unasked)
    out += fmt::format("<p>And {} more could not be asked.</p>", unasked.size() - k_most_unasked);
  return out;
}

std::string whole_page(const PageBoard& board, Time at) {
  const auto state = board.status.state(at);
  std::string out = fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\"{} data-program=\"{}\" data-now=\"{}\"><head><meta "
      "charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">"
      "<title>cdctl</title><link rel=\"stylesheet\" href=\"page.css\"><link rel=\"icon\" "
      "href=\"data:,\"><noscript><meta http-equiv=\"refresh\" content=\"15\"></noscript>"
      "<script src=\"page.js\" defer></script></head>\n",
      state == "stale" ? " class=\"stale\"" : "", page_program(), at.time_since_epoch().count());
  fmt::format_to(
      std::back_inserter(out),
      "<body><header><h1>cdctl</h1><p id=\"asof\">{}</p></header>\n<div id=\"trouble\" "
      "role=\"alert\">{}</div><p id=\"lost\" role=\"alert\" hidden></p>\n<main id=\"board\" "
      "data-at=\"{}\">\n",
      board.status.asof_html(), board.status.trouble_html(at), board.version);
  for (const auto& name : board.order)
    if (const auto part = board.sections.find(name); part != board.sections.end())
      fmt::format_to(std::back_inserter(out), "<section id=\"{}\" data-name=\"{}\">{}</section>\n",
                     markup(id_of(name)), markup(name), part->second);
  out +=
      "</main>\n<footer>Times are UTC. A timeline is drawn anew when something happens, and "
      "every half minute. This page changes nothing.<noscript> Without a script it "
      "loads itself again each 15 seconds.</noscript></footer></body></html>\n";
  return out;
}

const std::string& page_program() {
  static const auto program = fmt::format(
      "{}-{}", version(), sha256_hex(board_style() + std::string(board_script())).substr(0, 8));
  return program;
}

std::string event_text(std::string_view name, std::string_view data) {
  return fmt::format("event: {}\ndata: {}\n\n", name, data);
}

std::string section_event(const std::string& name, const std::string& html) {
  return event_text("section", Json::object({{"name", name}, {"html", html}}).dump());
}

std::string order_event(const std::vector<std::string>& order) {
  return event_text("order", Json::strings(order).dump());
}

std::string status_event(const PageStatus& status, Time at) {
  return event_text("status", Json::object({{"state", status.state(at)},
                                            {"asof", status.asof_html()},
                                            {"trouble", status.trouble_html(at)},
                                            {"now", at.time_since_epoch().count()}})
                                  .dump());
}

std::string first_events(const PageBoard& board, std::string_view version, Time at) {
  auto out = event_text("program", page_program());
  if (version != board.version) {
    for (const auto& name : board.order)
      if (const auto part = board.sections.find(name); part != board.sections.end())
        out += section_event(name, part->second);
    out += order_event(board.order) + event_text("at", board.version);
  }
  return out + status_event(board.status, at);
}

}  // namespace cdctl::cli
