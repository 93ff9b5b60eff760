#include <catch2/catch.hpp>

#include <algorithm>
#include <regex>
#include <set>

#include <fmt/format.h>

#include <cdctl/json.hpp>
#include <cdctl/text.hpp>

#include "cli/page/assets.hpp"
#include "cli/page/board.hpp"
#include "cli/page/page.hpp"

using namespace cdctl;
using namespace cdctl::cli;

namespace {

const Time k_now = *parse_rfc3339("2026-11-23T12:00:00Z");
const std::string k_set = "thumbs-r5f0c1e9a2b";
const std::string k_evil =
    "</td><script>alert(1)</script><img src=x onerror=alert(2)> \" onload=\"alert(3) "
    "' onclick='alert(4) &lt;b&gt; \x1b[2J\xff\u202e</section>";

Json set_record(const std::string& name, std::string_view state = "live", bool cut = false) {
  return Json::object({{"service", name.substr(0, name.size() - 12)},
                       {"set", name},
                       {"state", state},
                       {"cut", cut},
                       {"newest", true},
                       {"deployed_at", "2026-11-23T11:00:00.000Z"},
                       {"units", Json::object({{"want", 2}, {"up", 2}})}});
}
BoardService service_of(std::vector<Json> sets, std::string name = "thumbs") {
  return {std::move(name), std::move(sets), {}, {}};
}
std::map<std::string, TimelineFacts> facts_of(const BoardService& service) {
  std::map<std::string, TimelineFacts> out;
  for (const auto& set : service.sets) {
    auto& facts = out[set["set"].as_string()];
    facts.name = *parse_set_name(set["set"].view());
    facts.present = true;
    facts.cut = set["cut"].as_bool();
    facts.state = set["state"].as_string();
    facts.deployed_at = k_now - Millis(3'600'000);
  }
  return out;
}
void take(Board& board, BoardService service) {
  auto facts = facts_of(service);
  board.take(std::move(service), std::move(facts));
}
Json signal(const std::string& set, std::string_view message, std::string_view severity = "error",
            Time at = k_now - Millis(60'000)) {
  return Json::object({{"schema", "cdctl.signal/1"},
                       {"id", "1"},
                       {"set", set},
                       {"service", set.substr(0, set.size() - 12)},
                       {"severity", severity},
                       {"signal", "oops"},
                       {"message", message},
                       {"time", to_rfc3339(at)}});
}
Json outcome(const std::string& set, std::string_view why, Time at = k_now - Millis(60'000)) {
  return Json::object({{"schema", "cdctl.outcome/1"},
                       {"action", "break"},
                       {"service", set.substr(0, set.size() - 12)},
                       {"set", set},
                       {"ok", true},
                       {"changed", true},
                       {"why", why},
                       {"by", "alice@web1"},
                       {"time", to_rfc3339(at)}});
}

std::map<std::string, std::string> drawn(Board& board, Time at = k_now) {
  std::map<std::string, std::string> out;
  for (auto& [name, html] : board.draw(at)) out[name] = html;
  return out;
}
PageBoard page_of(Board& board) {
  PageBoard out;
  for (auto& [name, html] : board.draw(k_now)) {
    out.order.push_back(name);
    out.sections[name] = html;
  }
  out.version = "1-1";
  out.status.looked_at = k_now;
  out.status.next = Millis(2000);
  return out;
}

/// Tags and attributes of HTML that we made: each begins with one of these, or somebody else's
/// words have become markup.
std::set<std::string> tags_of(const std::string& html) {
  static const std::regex k_tag("<[/!]?([a-zA-Z]+)");
  std::set<std::string> out;
  for (std::sregex_iterator at(html.begin(), html.end(), k_tag), end; at != end; ++at)
    out.insert((*at)[1]);
  return out;
}

}  // namespace

TEST_CASE("sets have the words of ls, with a sign before them") {
  Board board{Millis(86'400'000)};
  take(board,
       service_of({set_record("thumbs-r0000000003"), set_record("thumbs-r0000000002", "live", true),
                   set_record("thumbs-r0000000001", "down")}));
  const auto html = drawn(board).at("service/thumbs");
  CHECK(
      html.contains("<span class=\"m-good\"><span class=\"sign\" aria-hidden=\"true\">✓</span> "
                    "live</span>"));
  CHECK(html.contains("✕</span> cut</span>"));
  CHECK(html.contains("✕</span> down</span>"));
  CHECK(html.contains("<td class=\"short\" data-label=\"Units\">2/2</td>"));
  CHECK(html.contains("datetime=\"2026-11-23T11:00:00.000Z\">11-23 11:00:00</time>"));
  const auto summary = drawn(board).at("summary");
  CHECK(summary.contains("1 service, 3 sets"));
  CHECK(summary.contains("data-title=\"1 cut, 1 down, cdctl\""));
  CHECK(summary.contains("<a href=\"#service-thumbs\">thumbs</a>"));
}

TEST_CASE("what others wrote is text, wherever it stands") {
  Board board{Millis(86'400'000)};
  auto cut = set_record(k_set, "live", true);
  cut.set("cut_why", k_evil).set("cut_by", k_evil).set("why_down", k_evil);
  auto service = service_of({cut});
  service.outage = k_evil;
  service.error = k_evil;
  auto facts = facts_of(service);
  facts.at(k_set).cut_memo = CutMemo{true, k_evil, k_evil, k_now - Millis(60'000), {}, {}};
  board.take(std::move(service), std::move(facts));
  auto bad = signal(k_set, k_evil);
  bad.set("signal", k_evil).set("unit", k_evil).set("key", k_evil).set("source", k_evil);
  CHECK(board.take_signal(bad));
  auto done = outcome(k_set, k_evil);
  for (const auto* member : {"by", "action", "error", "target", "proposal"})
    done.set(member, k_evil);
  board.take_outcome(done);
  auto strange = outcome(k_set, k_evil);
  strange.set("set", Json()).set("service", k_evil).set("ok", false).set("error", k_evil);
  board.take_outcome(strange);
  auto page = page_of(board);
  page.status.unasked.push_back({k_evil, k_evil, k_now});
  page.status.broken = k_evil;
  const auto html = whole_page(page, k_now);

  CHECK_FALSE(html.contains("<script>"));
  CHECK_FALSE(html.contains("<img"));
  CHECK_FALSE(html.contains("\x1b"));
  CHECK_FALSE(html.contains("\xff"));
  // Inside of tags, attributes that run something would be ours: there are none
  static const std::regex k_handler("<[^>]*\\son[a-z]+\\s*=");
  CHECK_FALSE(std::regex_search(html, k_handler));
  const std::set<std::string> known{
      "DOCTYPE", "a",        "body",   "caption", "defs",    "desc", "div",    "footer",
      "h",       "head",     "header", "html",    "li",      "line", "link",   "main",
      "meta",    "noscript", "p",      "path",    "pattern", "rect", "script", "section",
      "span",    "strong",   "svg",    "table",   "tbody",   "td",   "text",   "th",
      "thead",   "time",     "title",  "tr",      "ul"};
  for (const auto& tag : tags_of(html)) {
    INFO(tag);
    CHECK(known.contains(tag));
  }
  CHECK(html.contains("&lt;script&gt;alert(1)&lt;/script&gt;"));
  // And through the events: one line each, whatever is in it
  const auto events = first_events(page, "", k_now);
  for (const auto line : lines(events)) {
    INFO(line);
    CHECK((line.empty() || line.starts_with("event: ") || line.starts_with("data: ")));
  }
}

TEST_CASE("a service that could not be asked keeps its sets, in doubt, and comes back") {
  Board board{Millis(86'400'000)};
  take(board, service_of({set_record("thumbs-r0000000002"), set_record("thumbs-r0000000001")}));
  CHECK_FALSE(drawn(board).at("service/thumbs").contains("unknown"));
  auto away = service_of({});
  away.error = "cannot reach http://127.0.0.1:1";
  take(board, away);
  for (int i = 0; i < 2; ++i) {  // the second look in a row, too
    const auto html = drawn(board);
    const auto& service = html.at("service/thumbs");
    CHECK(service.contains("thumbs-r0000000002"));
    CHECK(service.contains("thumbs-r0000000001"));
    CHECK_FALSE(service.contains("live"));
    CHECK_FALSE(service.contains("m-good"));
    CHECK(service.contains("could not be asked: cannot reach http://127.0.0.1:1"));
    CHECK(html.at("timeline/thumbs").contains("Not known: cannot reach"));
    CHECK(html.at("summary").contains("2 unknown"));
    take(board, away);
  }
  take(board, service_of({set_record("thumbs-r0000000002")}));
  const auto html = drawn(board);
  CHECK(html.at("service/thumbs").contains("live"));
  CHECK_FALSE(html.at("service/thumbs").contains("thumbs-r0000000001"));
  board.keep_only({});
  CHECK_FALSE(drawn(board).contains("service/thumbs"));
}

TEST_CASE("a page has an end, whatever there is, and trouble is on it") {
  Board board{Millis(86'400'000)};
  for (int i = 0; i < 300; ++i) {
    const auto name = fmt::format("s{:03}", i);
    std::vector<Json> sets;
    for (int k = 0; k < 100; ++k)
      sets.push_back(set_record(fmt::format("{}-r{:010x}", name, k), "live", i == 299 && k == 0));
    take(board, service_of(std::move(sets), name));
  }
  for (int i = 0; i < 3000; ++i) {
    board.take_signal(signal("s299-r0000000000", std::string(900, '"'), i % 2 ? "error" : "warning",
                             k_now - Millis(3'000'000) + Millis(i * 900)));
    board.take_outcome(
        outcome("s299-r0000000000", std::string(900, '"'), k_now - Millis(3'000'000 - i * 900)));
  }
  const auto sections = board.draw(k_now);
  CHECK(sections.size() == 1 + 2 * 60 + 2);
  CHECK(std::ranges::any_of(sections, [](const auto& one) { return one.first == "service/s299"; }));
  std::size_t bytes = 0;
  for (const auto& [name, html] : sections) {
    INFO(name);
    CHECK(html.size() < (512u << 10));
    bytes += html.size();
  }
  CHECK(bytes < (4u << 20));
  CHECK(sections.front().second.contains("300 services, 30000 sets"));
  CHECK(sections.front().second.contains("240 of them not shown: cdctl ls"));
  const auto html = drawn(board);
  CHECK(html.at("service/s299").contains("70 older sets not shown: cdctl ls s299"));
  const auto rows = [](const std::string& text) {
    std::size_t out = 0;
    for (auto at = text.find("<tr>"); at != std::string::npos; at = text.find("<tr>", at + 1))
      ++out;
    return out;
  };
  CHECK(rows(html.at("signals")) == 51);
  CHECK(rows(html.at("actions")) == 51);
}

TEST_CASE("what is harmless, or older than the window, is not shown") {
  Board board{Millis(3'600'000)};
  take(board, service_of({set_record(k_set)}));
  CHECK_FALSE(board.take_signal(signal(k_set, "fine", "info")));
  CHECK_FALSE(board.take_signal(signal("no-set-at-all", "x")));
  CHECK(board.take_signal(signal(k_set, "long ago", "error", k_now - Millis(7'200'000))));
  board.take_outcome(outcome(k_set, "long ago", k_now - Millis(7'200'000)));
  CHECK(board.take_signal(signal(k_set, "just now")));
  const auto html = drawn(board);
  CHECK(html.at("signals").contains("just now"));
  CHECK_FALSE(html.at("signals").contains("long ago"));
  CHECK_FALSE(html.at("signals").contains("fine"));
  CHECK(html.at("actions").contains("Nothing was done"));
  Board unread{Millis(3'600'000)};
  CHECK(drawn(unread).at("signals").contains("has not been read"));
  unread.set_signals_from(k_now);
  CHECK(drawn(unread).at("signals").contains("No warning and nothing worse"));
}

TEST_CASE("a timeline is drawn again when something happened, and now and then") {
  Board board{Millis(86'400'000)};
  take(board, service_of({set_record(k_set)}));
  const auto first = drawn(board).at("timeline/thumbs");
  CHECK(first.contains("id=\"thumbs-w-t\""));
  CHECK(first.contains("id=\"thumbs-n-t\""));
  CHECK_FALSE(first.contains("<style"));
  CHECK(drawn(board, k_now + Millis(5'000)).at("timeline/thumbs") == first);
  CHECK(drawn(board, k_now + Millis(31'000)).at("timeline/thumbs") != first);
  const auto second = drawn(board, k_now + Millis(31'000)).at("timeline/thumbs");
  board.take_signal(signal(k_set, "bad"));
  CHECK(drawn(board, k_now + Millis(32'000)).at("timeline/thumbs").contains("oops: bad"));
  CHECK(second != drawn(board, k_now + Millis(32'000)).at("timeline/thumbs"));
}

TEST_CASE("a page that nobody looks for is stale, and says since when") {
  PageStatus status;
  status.looking_since = k_now;
  CHECK(status.state(k_now) == "well");
  CHECK(status.asof_html() == "Looking for the first time");
  CHECK(status.state(k_now + Millis(6'000)) == "stale");
  status.looked_at = k_now;
  status.next = Millis(2000);
  CHECK(status.state(k_now + Millis(6'000)) == "well");
  CHECK(status.trouble_html(k_now).empty());
  CHECK(status.state(k_now + Millis(8'000)) == "stale");
  CHECK(status.trouble_html(k_now + Millis(8'000)).contains("No look has come to its end since"));
  CHECK(status.asof_html().contains("11-23 12:00:00"));
  status.unasked.push_back({"thumbs", "no answer", k_now - Millis(60'000)});
  CHECK(status.state(k_now) == "doubt");
  CHECK(status.trouble_html(k_now).contains("Could not ask since"));
  CHECK(status.trouble_html(k_now).contains("11-23 11:59:00"));
  CHECK(status.trouble_html(k_now).contains("thumbs: no answer"));
  status.broken = "no configuration";
  CHECK(status.state(k_now) == "stale");
  CHECK(status.trouble_html(k_now).contains("Nobody looks since"));
  for (int i = 0; i < 30; ++i) status.unasked.push_back({"x", "y", k_now});
  CHECK(status.trouble_html(k_now).contains("And 25 more could not be asked"));
}

TEST_CASE("who comes back gets what is new, and who has it all the status alone") {
  Board board{Millis(86'400'000)};
  take(board, service_of({set_record(k_set)}));
  const auto page = page_of(board);
  const auto all = first_events(page, "", k_now);
  CHECK(all.contains("event: section\ndata: {\"name\":\"service/thumbs\""));
  CHECK(
      all.contains("event: order\ndata: [\"summary\",\"service/thumbs\",\"timeline/thumbs\","
                   "\"actions\",\"signals\"]\n\n"));
  CHECK(all.contains("event: at\ndata: 1-1\n\n"));
  const auto few = first_events(page, "1-1", k_now);
  CHECK_FALSE(few.contains("event: section"));
  CHECK(few.contains("event: status\ndata: {\"state\":\"well\""));
  CHECK(few.contains("event: program\ndata: " + page_program()));
}

TEST_CASE("the page loads nothing from elsewhere and runs nothing of its own") {
  Board board{Millis(86'400'000)};
  take(board, service_of({set_record(k_set)}));
  const auto html = whole_page(page_of(board), k_now);
  CHECK_FALSE(html.contains("<style"));
  CHECK_FALSE(html.contains(" style="));
  CHECK(html.contains("<script src=\"page.js\" defer></script>"));
  CHECK(html.contains("<noscript><meta http-equiv=\"refresh\" content=\"15\"></noscript>"));
  CHECK(html.contains("name=\"viewport\""));
  for (const auto& text : {board_style(), std::string(board_script())}) {
    CHECK_FALSE(text.contains("//cdn"));
    CHECK_FALSE(text.contains("http:"));
    CHECK_FALSE(text.contains("https:"));
    CHECK_FALSE(text.contains("url("));
    CHECK_FALSE(text.contains("eval("));
  }
  CHECK(board_style().contains("prefers-color-scheme:dark"));
  CHECK(board_style().size() + board_script().size() < 16'000);
}

TEST_CASE("rows that are huge give way to newer ones, and never a whole part") {
  Board board{Millis(86'400'000)};
  take(board, service_of({set_record(k_set)}));
  for (int i = 0; i < 60; ++i) {
    auto one = signal(k_set, std::string(1500, '"'));
    one.set("signal", std::string(3000, '"')).set("unit", std::string(3000, '"'));
    board.take_signal(std::move(one));
  }
  board.take_signal(signal(k_set, "the last one"));
  const auto html = drawn(board).at("signals");
  CHECK(html.size() < (512u << 10));
  CHECK(html.contains("the last one"));
  CHECK(html.ends_with("</p>"));
  CHECK(html.contains("not shown: cdctl signals"));
}

TEST_CASE("that a set was cut is not forgotten while its broker is away") {
  Board board{Millis(86'400'000)};
  auto cut = set_record(k_set, "live", true);
  cut.set("cut_why", "it burns").set("cut_at", "2026-11-23T11:30:00.000Z");
  take(board, service_of({cut}));
  for (int look = 0; look < 2; ++look) {  // the second has the first to go by
    auto half = set_record(k_set);
    half.set("cut", Json());
    auto away = service_of({half});
    away.error = "no broker";
    auto facts = facts_of(away);
    facts.at(k_set).cut.reset();
    board.take(std::move(away), std::move(facts));
    const auto html = drawn(board).at("service/thumbs");
    CHECK(html.contains("</span> unknown</span>"));
    CHECK(html.contains("cut when last seen: it burns"));
  }
  take(board, service_of({set_record(k_set)}));
  CHECK(drawn(board).at("service/thumbs").contains("</span> live</span>"));
}

TEST_CASE("sets and actions say whose commits they are made of, as text") {
  Board board{Millis(86'400'000)};
  auto set = set_record(k_set);
  set.set("sources",
          Json::object({{"trunk", Json::object({{"subject", "faster <b>thumbs</b>"},
                                                {"author", "Alice <alice@example.com>"}})}}));
  take(board, service_of({set}));
  auto done = outcome(k_set, "it burns");
  auto commits = Json::array();
  commits.push_back(Json::object({{"source", "trunk"}, {"subject", "x & y"}, {"author", "Bob"}}));
  done.set("commits", std::move(commits));
  board.take_outcome(std::move(done));
  const auto html = drawn(board);
  CHECK(html.at("service/thumbs")
            .contains("faster &lt;b&gt;thumbs&lt;/b&gt; <span class=\"by\">Alice "
                      "&lt;alice@example.com&gt;</span>"));
  CHECK(html.at("actions").contains("x &amp; y <span class=\"by\">Bob</span>"));
  CHECK(html.at("actions").contains("class=\"ago\""));
}
