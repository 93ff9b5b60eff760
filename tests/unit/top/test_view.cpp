#include <catch2/catch.hpp>

#include <algorithm>

#include <fmt/format.h>

#include "cli/top/view.hpp"

using namespace cdctl;
using namespace cdctl::cli;

namespace {

const Time k_now = *parse_rfc3339("2026-11-23T12:00:00Z");

std::string set_line(const std::string& name, const std::string& rest) {
  return fmt::format(
      R"({{"kind":"set","set":"{}","service":"{}","state":"live","cut":false,"newest":false,"deployed_at":"2026-11-23T11:00:00Z","units":{{"want":3,"up":3}}{}}})",
      name, name.substr(0, name.size() - 12), rest);
}
void look(TopModel& model) {
  model.apply(R"({"kind":"look","took_ms":12,"next_ms":1000,"sets":3,"gone":[],"errors":[]})",
              k_now - Millis(2000));
}

TopModel model_of(int sets) {
  TopModel out;
  for (int i = 0; i < sets; ++i)
    out.apply(
        set_line(
            fmt::format("{}-r{:010x}", i % 2 ? "thumbs" : "a-service-with-quite-a-long-name", i),
            fmt::format(R"(,"work":{{"delivered":{}.5,"acknowledged":{},"returned":{}}})", i * 40,
                        i * 39, i % 7)),
        k_now);
  look(out);
  return out;
}

std::string text_of(const ScreenLine& line) {
  std::string out;
  for (const auto& piece : line.pieces) out += piece.text;
  return out;
}
std::string text_of(const std::vector<ScreenLine>& lines) {
  std::string out;
  for (const auto& line : lines) out += text_of(line) + "\n";
  return out;
}
std::size_t columns_of(const std::string& text) {
  return static_cast<std::size_t>(std::ranges::count_if(
      text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}
std::vector<ScreenLine> draw(const TopModel& model, const TopChoice& choice, TopSize size) {
  std::size_t top = 0;
  return draw_top(model, choice, size, k_now, top);
}
bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("the screen is filled and nothing of a row falls off, in 80 and in 120 columns") {
  const auto model = model_of(30);
  for (const auto& [rows, columns] : {std::pair(24u, 80u), std::pair(40u, 120u)}) {
    const auto lines = draw(model, {}, {rows, columns, false});
    CHECK(lines.size() == rows);
    for (std::size_t i = 2; i < 12; ++i) {
      INFO(text_of(lines[i]));
      CHECK(columns_of(text_of(lines[i])) <= columns);
      CHECK(has(text_of(lines[i]), "-r00000000"));  // the revision is never cut off
    }
    CHECK(columns_of(text_of(lines[0])) <= columns);
    CHECK(columns_of(text_of(lines[1])) == columns);
  }
}

TEST_CASE("no key and no word of the help is cut off in 80 columns, and a filter moves no column") {
  const auto model = model_of(30);
  for (const auto sort : {TopSort::service, TopSort::trouble, TopSort::work, TopSort::age})
    for (const bool paused : {false, true}) {
      TopChoice choice;
      choice.sort = sort;
      choice.paused = paused;
      CHECK(columns_of(text_of(draw(model, choice, {24, 80, false}).back())) <= 80);
    }
  TopChoice nothing;
  nothing.filter = "nobody";
  CHECK(text_of(draw(model, nothing, {24, 80, false})[1]) ==
        text_of(draw(model, {}, {24, 80, false})[1]));
}

TEST_CASE("a screen of ASCII has nothing else") {
  const auto text = text_of(draw(model_of(10), {}, {24, 80, true}));
  CHECK(std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 128; }));
}

TEST_CASE("states, cuts and rates are read, and what is not known is a question mark") {
  TopModel model;
  model.apply(set_line("thumbs-r0000000001",
                       R"(,"work":{"delivered":120,"acknowledged":100.2,"returned":0.4})"),
              k_now);
  model.apply(
      R"({"kind":"set","set":"thumbs-r0000000002","service":"thumbs","state":null,"cut":null,"units":null,"deployed_at":null})",
      k_now);
  model.apply(
      R"({"kind":"set","set":"thumbs-r0000000003","service":"thumbs","state":"down","cut":true,"trial_until":"2026-11-23T12:01:00Z","units":{"want":3,"up":0},"deployed_at":"2026-11-23T11:59:00Z"})",
      k_now);
  model.apply("not json", k_now);
  model.apply(R"({"kind":"set","set":"../../etc"})", k_now);
  look(model);
  const auto lines = draw(model, {}, {24, 80, true});
  REQUIRE(model.all().size() == 3);
  const auto text = text_of(lines);
  INFO(text);
  CHECK(has(text, "thumbs-r0000000001 live              3/3  60m ###"));
  CHECK(has(text, "   120 ##"));
  CHECK(has(text, "thumbs-r0000000002 unknown           ?/?    ?         ?         ?      ?"));
  CHECK(has(text, "thumbs-r0000000003 trial             0/3  60s"));
  CHECK(has(text, "1 service  3 sets  1 cut, 1?  0 down"));
  CHECK(has(text, "seen 2s ago"));
}

TEST_CASE("what could not be asked stands at the foot, and what was seen says its age") {
  TopModel model;
  model.apply(set_line("thumbs-r0000000001", ""), k_now);
  model.apply(
      R"({"kind":"look","took_ms":5000,"next_ms":50000,"gone":[],"errors":[{"where":"thumbs","error":"cannot reach the broker"},{"where":"the feed","error":"x"}]})",
      k_now - Millis(20'000));
  const auto text = text_of(draw(model, {}, {24, 80, true}));
  CHECK(has(text, "? thumbs: cannot reach the broker (and 1 more)"));
  CHECK(has(text, "seen 20s ago, every 50s"));
  CHECK(has(text, "could not be read"));  // which is not: none
  CHECK_FALSE(has(text, "none in the last ten minutes"));
}

TEST_CASE("sets go when the look says so, signals are kept by set") {
  auto model = model_of(4);
  model.apply(
      R"({"schema":"cdctl.signal/1","set":"thumbs-r0000000001","severity":"critical","signal":"oops","message":"no","time":"2026-11-23T11:59:50Z"})",
      k_now);
  model.apply(
      R"({"schema":"cdctl.signal/1","set":"thumbs-r0000000001","severity":"info","signal":"fine","time":"2026-11-23T11:59:55Z"})",
      k_now);
  REQUIRE(model.last_signal("thumbs-r0000000001"));
  CHECK(model.last_signal("thumbs-r0000000001")->name == "oops");
  CHECK(has(text_of(draw(model, {}, {24, 80, true})), " 10s  critical thumbs-r0000000001"));
  model.apply(R"({"kind":"look","gone":["thumbs-r0000000001"],"errors":[]})", k_now);
  CHECK(model.all().size() == 3);
  CHECK(!model.last_signal("thumbs-r0000000001"));
}

TEST_CASE("landings stand above the signals, where there is room: the newest of the last day") {
  auto model = model_of(40);
  CHECK_FALSE(has(text_of(draw(model, {}, {24, 80, true})), "LANDINGS"));
  const auto landing = [&](const char* time, const char* proposal, const char* verdict) {
    model.apply(
        fmt::format(
            R"({{"kind":"landing","time":"2026-11-{}Z","target":"main","proposal":"{}","title":"Fix it","verdict":"{}","authors":["alice@example.com"]}})",
            time, proposal, verdict),
        k_now);
  };
  landing("22T11:00:00", "old", "landed");
  CHECK_FALSE(has(text_of(draw(model, {}, {24, 80, true})), "LANDINGS"));
  landing("23T11:50:00", "first", "landed");
  landing("23T11:51:00", "second", "landed");
  landing("23T11:52:00", "third", "rejected");
  landing("23T11:53:00", "fix", "landed");
  const auto lines = draw(model, {}, {24, 80, true});
  const auto text = text_of(lines);
  CHECK(lines.size() == 24);
  CHECK(has(text, "  7m  landed   main  fix  Fix it (alice@example.com)"));
  CHECK(has(text, "  8m  rejected main  third  Fix it"));
  CHECK_FALSE(has(text, "first"));
  CHECK_FALSE(has(text, "old"));
  CHECK(text.find("LANDINGS") < text.find("SIGNALS"));
  CHECK_FALSE(has(text_of(draw(model, {}, {19, 80, true})), "LANDINGS"));
}

TEST_CASE("the chosen row stays in sight, filters and sorts hold") {
  const auto model = model_of(100);
  TopChoice choice;
  std::size_t top = 0;
  const auto rows = model.rows(choice.sort, "");
  choice.chosen = rows[77]->set;
  auto lines = draw_top(model, choice, {24, 80, true}, k_now, top);
  CHECK(std::ranges::count_if(lines, &ScreenLine::chosen) == 1);
  CHECK(top > 50);
  choice.chosen = rows[0]->set;
  lines = draw_top(model, choice, {24, 80, true}, k_now, top);
  CHECK(top == 0);
  CHECK(lines[2].chosen);
  CHECK(model.rows(TopSort::service, "thumbs").size() == 50);
  CHECK(model.rows(TopSort::service, "thumbs-*03").size() == 1);
  const auto by_work = model.rows(TopSort::work, "");
  CHECK(by_work.front()->set == "thumbs-r0000000063");
  choice.filter = "nobody";
  CHECK(has(text_of(draw(model, choice, {24, 80, true})), "no set has 'nobody' in its name"));
}

TEST_CASE("a page is scrolled between its ends") {
  std::vector<std::string> lines;
  for (int i = 1; i <= 50; ++i) lines.push_back(fmt::format("line {}", i));
  std::size_t from = 1000;
  CHECK(has(text_of(draw_page("title", lines, {24, 80, true}, from)), "line 50"));
  CHECK(from == 28);
  for (const auto& line : top_help()) CHECK(line.size() <= 80);
}

TEST_CASE("nothing is cut off without a mark, and what an action came to is shown whole") {
  auto model = model_of(4);
  const std::string why =
      "refused: it would leave thumbs with 0 units of the 6 that were live, and min_live is 1; "
      "--even-last thumbs-r0000000001 does it all the same, on the command line only";
  TopChoice choice;
  choice.status = why;
  for (const std::size_t columns : {50u, 80u, 120u}) {
    const auto lines = draw(model, choice, {24, columns, false});
    CHECK(lines.size() == 24);
    std::string said;
    for (const auto& line : lines) {
      CHECK(columns_of(text_of(line)) <= columns);
      if (!said.empty() || text_of(line).starts_with("refused"))
        said += (said.empty() ? "" : " ") + text_of(line);
    }
    CHECK(said.starts_with(why));
  }
  choice.status.append(4000, 'x');
  const auto full = draw(model, choice, {24, 80, false});
  CHECK(full.size() == 24);
  CHECK(text_of(full[22]).ends_with("x…"));
  CHECK(text_of(full[23]).starts_with("Enter inspect"));
  model.apply(
      R"({"schema":"cdctl.signal/1","set":"thumbs-r0000000001","severity":"critical","signal":"oops","message":"a message that goes on and on, further than any screen of eighty columns","time":"2026-11-23T11:59:50Z"})",
      k_now);
  CHECK(has(text_of(draw(model, {}, {24, 80, false})), "…\n"));
  CHECK(has(text_of(draw(model, {}, {24, 80, true})), "~\n"));
}

TEST_CASE("a page is broken at the width of the screen") {
  const std::vector<std::string> lines{"sources",
                                       "  trunk             git 5f0c1e9a2b01 "
                                       "https://git.example/a-team/thumbs.git and some more words",
                                       "  " + std::string(100, 'x')};
  std::size_t from = 0;
  const auto shown = draw_page("thumbs", lines, {24, 60, false}, from);
  std::string all;
  for (const auto& line : shown) {
    CHECK(columns_of(text_of(line)) <= 60);
    all += text_of(line) + "\n";
  }
  CHECK(has(all, "\n    "));
  CHECK(has(all, "words"));
  CHECK(std::ranges::count(all, 'x') == 101);  // that of the address, too
  CHECK_FALSE(has(all, "…"));
}

TEST_CASE("what is asked beside the looks is in the rows, and stays there from look to look") {
  TopModel model;
  model.apply(set_line("thumbs-r0000000001", ""), k_now);
  model.apply(
      set_line("thumbs-r0000000002", R"(,"trouble":"rabbit/churn: connections come and go")"),
      k_now);
  model.apply(
      R"({"kind":"trouble","probe":"local","sets":{"thumbs-r0000000001":"local/down: 1 of 3 units are down","thumbs-r0000000002":"local/restarts: unit 0"}})",
      k_now);
  look(model);
  CHECK(model.all().at("thumbs-r0000000001").trouble == "local/down: 1 of 3 units are down");
  CHECK(model.all().at("thumbs-r0000000002").trouble == "rabbit/churn: connections come and go");
  model.apply(set_line("thumbs-r0000000001", R"(,"proven":true)"), k_now);
  model.apply(set_line("thumbs-r0000000002", ""), k_now);
  CHECK(model.all().at("thumbs-r0000000001").trouble == "local/down: 1 of 3 units are down");
  CHECK(model.all().at("thumbs-r0000000002").trouble == "local/restarts: unit 0");
  TopChoice choice;
  choice.chosen = "thumbs-r0000000001";
  CHECK(has(text_of(draw(model, choice, {24, 80, true})),
            "thumbs-r0000000001: local/down: 1 of 3 units are down"));
  CHECK(has(text_of(draw(model, choice, {24, 120, true})), "  local/down"));
  model.apply(R"({"kind":"trouble","probe":"local","sets":{},"error":"the home cannot be read"})",
              k_now);
  CHECK(model.all().at("thumbs-r0000000001").trouble.empty());
  REQUIRE(model.errors().size() == 1);
  CHECK(model.errors()[0] == "probing with local: the home cannot be read");
  look(model);
  CHECK(model.errors().size() == 1);
  model.apply(R"({"kind":"trouble","probe":"local","sets":{}})", k_now);
  CHECK(model.errors().empty());
}

TEST_CASE("bars and rates") {
  CHECK(bar(0, 4, false) == "    ");
  CHECK(bar(1, 4, false) == "████");
  CHECK(bar(0.5, 4, true) == "##  ");
  CHECK(bar(0.01, 4, true) == "    ");
  CHECK(bar(0.05, 4, true) == "#   ");
  CHECK(bar(2, 4, true) == "####");
  CHECK(short_rate(0) == "0");
  CHECK(short_rate(0.01) == "<0.1");
  CHECK(short_rate(3.14) == "3.1");
  CHECK(short_rate(9.97) == "10");
  CHECK(short_rate(1234) == "1234");
  CHECK(short_rate(23456) == "23k");
}
