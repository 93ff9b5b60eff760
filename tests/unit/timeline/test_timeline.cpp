#include <catch2/catch.hpp>

#include <algorithm>
#include <regex>

#include <fmt/format.h>

#include <cdctl/text.hpp>

#include "cli/timeline/html.hpp"
#include "cli/timeline/svg.hpp"
#include "cli/timeline/text.hpp"
#include "cli/timeline/timeline.hpp"

using namespace cdctl;
using namespace cdctl::cli;

namespace {

const Time k_from = *parse_rfc3339("2026-11-20T00:00:00Z");
const Time k_to = *parse_rfc3339("2026-11-21T00:00:00Z");
Time hour(double hours) { return k_from + Millis(static_cast<std::int64_t>(hours * 3'600'000)); }

TimelineFacts set(std::string revision = "r0000000001") {
  TimelineFacts out;
  out.name = {"thumbs", std::move(revision)};
  out.present = true;
  out.cut = false;
  out.state = "live";
  out.deployed_at = hour(1);
  return out;
}
CutMemo cut_at(double hours, std::string why = "oops") {
  return {true, "alice@web1", std::move(why), hour(hours), {}, {}};
}

Json outcome(const char* action, double hours, const char* why, double took_ms = 10) {
  return Json::object({{"action", action},
                       {"ok", true},
                       {"changed", true},
                       {"took_ms", took_ms},
                       {"why", why},
                       {"by", "bob@web2"},
                       {"time", to_rfc3339(hour(hours))}});
}
Json signal(double hours, const char* severity, const char* name = "oops",
            const char* message = "wrong <colours> & \"sizes\"") {
  return Json::object({{"severity", severity},
                       {"signal", name},
                       {"message", message},
                       {"time", to_rfc3339(hour(hours))}});
}

std::string spans(const TimelineLane& lane) {
  std::string out;
  for (const auto& span : lane.spans)
    out +=
        fmt::format("{}{}-{} {}", out.empty() ? "" : ", ", (span.from - k_from).count() / 3'600'000,
                    (span.to - k_from).count() / 3'600'000, to_string(span.phase));
  return out;
}
std::string marks(const TimelineLane& lane) {
  std::string out;
  for (const auto& mark : lane.marks)
    out += (out.empty() ? "" : " ") + std::string(to_string(mark.kind));
  return out;
}
TimelineLane lane(const TimelineFacts& facts) { return build_lane(facts, k_from, k_to); }

Timeline many(int sets) {
  Timeline out{"thumbs", k_from, k_to, {}, hour(12), {"engine juju: no answer"}};
  for (int i = 0; i < sets; ++i) {
    auto facts = set(fmt::format("r{:010x}", i));
    facts.deployed_at = hour(20.0 * i / sets);
    facts.newest = i + 1 == sets;
    for (int n = 0; n < i % 5; ++n)
      facts.signals.push_back(
          signal(20.0 * i / sets + 0.5 + n * 0.7, n % 2 ? "critical" : "warning"));
    if (i % 3 == 1)
      facts.cut_memo = cut_at(20.0 * i / sets + 2,
                              "critical >= 1 <b> and a reason that goes on for quite a while, "
                              "longer than there is room for"),
      facts.cut = true;
    if (i % 4 == 3)
      facts.present = false, facts.absent = true, facts.reaped_at = hour(20.0 * i / sets + 3);
    out.lanes.push_back(build_lane(facts, k_from, k_to));
  }
  finish(out);
  return out;
}

struct Box {
  double x, y, width, height;
  std::string words;
};
/// Where the texts of a picture are, by the widths of a monospace face.
std::vector<Box> texts_of(const std::string& svg) {
  static const std::regex k_text(
      "<text x=\"([0-9.]+)\" y=\"([0-9.]+)\" class=\"([a-z ]+)\"([^>]*)>([^<]*)</text>");
  std::vector<Box> out;
  for (std::sregex_iterator at(svg.begin(), svg.end(), k_text), end; at != end; ++at) {
    const std::string classes = (*at)[3];
    auto words = std::regex_replace((*at)[5].str(), std::regex("&[a-z]+;"), "x");
    const double size = classes.find("title") != classes.npos  ? 16
                        : classes.find("note") != classes.npos ? 10.5
                        : classes.find("tick") != classes.npos ? 11
                                                               : 12;
    const double width = static_cast<double>(display_width(words)) * size * 0.602;
    const auto anchor = (*at)[4].str();
    const double x = std::stod((*at)[1]) - (anchor.contains("middle") ? width / 2
                                            : anchor.contains("end")  ? width
                                                                      : 0);
    out.push_back({x, std::stod((*at)[2]) - size * 0.75, width, size, words});
  }
  return out;
}

}  // namespace

TEST_CASE("a lane holds what was noted, as far as a look now agrees") {
  CHECK(spans(lane(set())) == "1-24 out");
  auto cut = set();
  cut.cut = true;
  cut.cut_memo = cut_at(5);
  CHECK(spans(lane(cut)) == "1-5 out, 5-24 cut");
  cut.cut_memo->cut = false;
  cut.cut_memo->mended_at = hour(7);
  cut.cut = false;
  CHECK(spans(lane(cut)) == "1-5 out, 5-7 cut, 7-24 out");
  CHECK(marks(lane(cut)) == "deploy cut mend");
}

TEST_CASE("a trial that is over is a span, whoever ended it") {
  const auto trial = [](const char* end, double since, double until, bool ok) {
    return outcome("mend", until, "on trial for 2h")
        .set("ok", ok)
        .set("trial", Json::object({{"end", end},
                                    {"since", to_rfc3339(hour(since))},
                                    {"why", "2 messages acknowledged"}}));
  };
  auto facts = set();
  facts.outcomes = {outcome("break", 3, "oops"), trial("failed", 5, 7, false),
                    trial("ended elsewhere", 7.5, 7.6, true), trial("passed", 9, 11, true)};
  const auto drawn = lane(facts);
  CHECK(spans(drawn) == "1-3 out, 3-5 cut, 5-7 trial, 7-9 cut, 9-11 trial, 11-24 out");
  CHECK(marks(drawn) == "deploy cut trial cut trial mend");
  CHECK(drawn.marks[3].text == "its trial failed: 2 messages acknowledged");
  // What the memory says of the last one is the same cut.
  facts.outcomes.resize(2);
  facts.cut = true;
  facts.cut_memo = cut_at(7, "its trial failed: 2 messages acknowledged");
  CHECK(marks(lane(facts)) == "deploy cut trial cut");
}

TEST_CASE("a young service is drawn from its first moment on") {
  const auto fitted = [](const std::vector<TimelineFacts>& all) {
    std::vector<const TimelineFacts*> facts;
    for (const auto& one : all) facts.push_back(&one);
    return (fitted_begin(facts, k_from, k_to) - k_from).count() / 60'000;  // minutes
  };
  auto young = set();
  young.deployed_at = hour(23);
  CHECK(fitted({young}) == 23 * 60 - 3);
  young.outcomes = {outcome("deploy", 22, "first", 3'600'000)};
  CHECK(fitted({young}) == 21 * 60 - 9);
  auto old = set("r0000000002");
  old.deployed_at = k_from - Millis(1);
  CHECK(fitted({young, old}) == 0);
  old.present = false;
  old.reaped_at = old.deployed_at;  // over before the window began: it is not drawn
  CHECK(fitted({young, old}) == 21 * 60 - 9);
  auto unknown = set();
  unknown.deployed_at.reset();
  CHECK(fitted({young, unknown}) == 0);
  CHECK(fitted({}) == 0);
}

TEST_CASE("what nobody wrote down is not known") {
  auto facts = set();
  facts.cut = true;  // cut, and nobody said when
  CHECK(spans(lane(facts)) == "1-24 unknown");
  facts.cut.reset();
  CHECK(spans(lane(facts)) == "1-24 unknown");
  facts.cut_memo = cut_at(5);
  facts.cut = false;  // mended behind everybody's back
  CHECK(spans(lane(facts)) == "1-5 out, 5-24 unknown");
  auto nothing = set();
  nothing.deployed_at.reset();
  CHECK(spans(lane(nothing)) == "0-24 unknown");
  auto gone = set();
  gone.present = false;
  gone.absent = true;  // no tombstone: it went at some time
  CHECK(spans(lane(gone)) == "1-24 unknown");
  CHECK(lane(gone).state == "gone");
  auto unasked = set();
  unasked.present = false;
  CHECK(lane(unasked).state == "unknown");
  auto back = set();
  back.first_deployed_at = hour(1);
  back.deployed_at = hour(9);
  CHECK(spans(lane(back)) == "1-9 unknown, 9-24 out");
  back.outcomes.push_back(outcome("reap", 4, "stale"));
  CHECK(spans(lane(back)) == "1-4 unknown, 9-24 out");
}

TEST_CASE("trials and reaps") {
  auto facts = set();
  facts.cut = true;
  facts.cut_memo = cut_at(5);
  facts.cut_memo->probation = Probation{hour(20), hour(25), 1, false, "alice@web1"};
  CHECK(spans(lane(facts)) == "1-5 out, 5-20 cut, 20-24 trial");
  facts = set();
  facts.present = false;
  facts.absent = true;
  facts.reaped_at = hour(9);
  CHECK(spans(lane(facts)) == "1-9 out");
  CHECK(lane(facts).state == "reaped");
}

TEST_CASE("the log and the memory tell of the same cut once") {
  auto facts = set();
  facts.cut = true;
  facts.cut_memo = cut_at(5, "");
  facts.outcomes = {outcome("deploy", 1, "trunk-newer", 3000), outcome("break", 3, "first"),
                    outcome("mend", 4, ""), outcome("break", 5 + 0.5 / 3600, "second")};
  const auto built = lane(facts);
  CHECK(marks(built) == "deploy cut mend cut");
  CHECK(spans(built) == "1-3 out, 3-4 cut, 4-5 out, 5-24 cut");
  CHECK(built.marks[0].text == "trunk-newer");
  CHECK(built.marks[3].text == "second");
  // Two of the same a moment apart are two, and the memory's is the last.
  auto twice = set();
  twice.outcomes = {outcome("break", 3, "first"), outcome("mend", 3 + 0.4 / 3600, ""),
                    outcome("break", 3 + 0.8 / 3600, "second"),
                    outcome("mend", 3 + 1.2 / 3600, "")};
  twice.cut_memo = cut_at(3 + 0.79 / 3600, "second");
  twice.cut_memo->cut = false;
  twice.cut_memo->mended_at = hour(3 + 1.19 / 3600);
  CHECK(marks(lane(twice)) == "deploy cut mend cut mend");
  // A deploy that repairs a cut set leaves it cut.
  auto repaired = set();
  repaired.cut = true;
  repaired.cut_memo = cut_at(5);
  repaired.outcomes = {outcome("deploy", 6, "down")};
  CHECK(spans(lane(repaired)) == "1-5 out, 5-6 cut, 6-24 cut");
  // What failed, or changed nothing, is no part of it.
  auto failed = outcome("break", 2, "no");
  failed.set("ok", false);
  auto same = outcome("mend", 2, "no");
  same.set("changed", false);
  facts.outcomes.push_back(failed);
  facts.outcomes.push_back(same);
  CHECK(marks(lane(facts)) == "deploy cut mend cut");
}

TEST_CASE("like signals in a row are one mark, harmless ones none") {
  auto facts = set();
  for (int i = 0; i < 10; ++i) facts.signals.push_back(signal(3 + i * 0.01, "critical"));
  facts.signals.push_back(signal(3.05, "info"));
  facts.signals.push_back(signal(8, "critical"));
  const auto built = lane(facts);
  REQUIRE(marks(built) == "deploy signal signal");
  CHECK(built.marks[1].count == 10);
  CHECK(built.marks[2].count == 1);
}

TEST_CASE("only what reaches into the window is shown") {
  auto old = set();
  old.deployed_at = hour(-48);
  CHECK(spans(lane(old)) == "0-24 out");
  CHECK(marks(lane(old)).empty());
  old.reaped_at = hour(-24);
  old.present = false;
  Timeline timeline{"thumbs", k_from, k_to, {lane(old), lane(set())}, {}, {}};
  finish(timeline);
  REQUIRE(timeline.lanes.size() == 1);
  CHECK(timeline.lanes.front().set.revision == "r0000000001");
}

TEST_CASE("the text fits its width, in blocks and in ASCII") {
  for (const std::size_t width : {80u, 120u}) {
    for (const bool ascii : {false, true}) {
      const auto text = timeline_text(many(40), {width, ascii, false});
      std::size_t from = 0;
      for (auto end = text.find('\n'); end != std::string::npos; end = text.find('\n', from)) {
        INFO(text.substr(from, end - from));
        CHECK(display_width(text.substr(from, end - from)) <= width);
        from = end + 1;
      }
      CHECK((std::ranges::all_of(
                text, [](char c) { return static_cast<unsigned char>(c) < 128; })) == ascii);
    }
  }
  // A line that is cut says so, and a short one is whole.
  auto wordy = set();
  wordy.outcomes = {
      outcome("break", 3, "the nightly comparison found 3 of 100 pictures with wrong colours"),
      outcome("break", 4, "oops")};
  const Timeline cuts{"thumbs", k_from, k_to, {lane(wordy)}, hour(0), {}};
  CHECK(timeline_text(cuts, {80, false, false}).find("ound 3 of 100 pi…\n") != std::string::npos);
  CHECK(timeline_text(cuts, {80, true, false}).find("ound 3 of 100 pi~\n") != std::string::npos);
  CHECK(timeline_text(cuts, {80, false, false}).find("oops (bob@web2)\n") != std::string::npos);
  auto facts = set();
  facts.cut = true;
  facts.cut_memo = cut_at(12.5);
  facts.state = "cut";
  Timeline one{"thumbs", k_from, k_to, {lane(facts)}, hour(0), {}};
  const auto text = timeline_text(one, {80, true, false});
  CHECK(text.find("r0000000001    "
                  "######") != std::string::npos);
  CHECK(text.find("xxxxxx cut\n") != std::string::npos);
  CHECK(text.find("11-20 12:30  r0000000001  cut          oops (alice@web1)") != std::string::npos);
}

TEST_CASE("no two texts of a picture overlap, and none leaves it") {
  for (const auto& [sets, narrow] :
       {std::pair(0, false), std::pair(1, false), std::pair(3, false), std::pair(40, false),
        std::pair(0, true), std::pair(1, true), std::pair(3, true), std::pair(40, true)}) {
    const auto texts = texts_of(timeline_svg(many(sets), {narrow}));
    REQUIRE(texts.size() >= static_cast<std::size_t>(sets));
    for (std::size_t i = 0; i < texts.size(); ++i) {
      const auto& a = texts[i];
      INFO(sets << (narrow ? " sets, narrow: " : " sets: ") << a.words);
      CHECK(a.x >= 0);
      CHECK(a.x + a.width <= (narrow ? 360 : 1000));
      for (std::size_t k = i + 1; k < texts.size(); ++k) {
        const auto& b = texts[k];
        INFO("and " << b.words);
        CHECK((a.x + a.width <= b.x || b.x + b.width <= a.x || a.y + a.height <= b.y ||
               b.y + b.height <= a.y));
      }
    }
  }
}

TEST_CASE("pictures of one page have names of their own") {
  const auto page = timeline_html(many(3));
  for (const auto* name : {"t-w-cut", "t-n-cut", "t-w-unknown", "t-n-unknown", "t-w-t", "t-n-d"}) {
    INFO(name);
    const auto id = fmt::format("id=\"{}\"", name);
    REQUIRE(page.find(id) != std::string::npos);
    CHECK(page.find(id) == page.rfind(id));
  }
  CHECK(page.find("url(#t-n-cut)") != std::string::npos);
  CHECK(timeline_svg(many(3)).find("url(#cut)") != std::string::npos);  // a file of its own
}

TEST_CASE("what others wrote is no markup") {
  const auto page = timeline_html(many(8));
  CHECK(page.find("<b>") == std::string::npos);
  CHECK(page.find("<colours>") == std::string::npos);
  CHECK(page.find("wrong &lt;colours&gt; &amp; &quot;sizes&quot;") != std::string::npos);
  CHECK(page.find("<script") == std::string::npos);
  CHECK(page.find("http:") == page.find("http://www.w3.org/2000/svg"));  // loads nothing
  CHECK(page.find("default-src 'none'") < page.find("<title>"));
  CHECK(page.find("prefers-color-scheme:dark") != std::string::npos);
}

TEST_CASE(
    "a flood of signals makes no page that a browser cannot show, and what is left out is said") {
  Timeline flood{"thumbs", k_from, k_to, {}, hour(0), {}};
  for (const auto* revision : {"r0000000001", "r0000000002"}) {
    auto facts = set(revision);
    facts.cut = true;
    facts.cut_memo = cut_at(2, "the first of all");
    for (int i = 0; i < 5000; ++i)
      facts.signals.push_back(
          signal(3 + i * 0.004, i % 3 ? "critical" : "warning", fmt::format("oops-{}", i).c_str()));
    flood.lanes.push_back(lane(facts));
  }
  const auto count = [](const std::string& text, std::string_view part) {
    std::size_t out = 0;
    for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++out;
    return out;
  };
  const auto page = timeline_html(flood);
  CHECK(count(page, "<tr>") == 2 + 2 + 500);  // two headings, two lanes
  CHECK(page.find("without 9504 that are older (signals go first): cdctl timeline thumbs -o ndjson "
                  "has all") != std::string::npos);
  CHECK(count(page, "<td>the first of all</td>") == 2);
  CHECK(page.find("oops-4999") != std::string::npos);
  const auto svg = timeline_svg(flood);
  CHECK(count(svg, "<path") <= 2 * (752 * 2 / 3 + 752 / 5 + 2) + 2);
  CHECK(svg.find("too close to another of their kind to be told apart are not drawn") !=
        std::string::npos);
  CHECK(svg.size() < 400'000);
  CHECK(timeline_svg(many(3)).find("too close") == std::string::npos);
}

TEST_CASE("a short time is told to the second") {
  auto facts = set();
  facts.deployed_at = hour(12);
  facts.cut = true;
  facts.cut_memo = cut_at(12.001);
  const Timeline minutes{
      "thumbs", hour(11.9), hour(12.1), {build_lane(facts, hour(11.9), hour(12.1))}, hour(0), {}};
  CHECK(timeline_text(minutes, {80, true, false}).find("12:00:03  r0000000001  cut") !=
        std::string::npos);
  CHECK(timeline_html(minutes).find("12:00:00 to 11-20 12:00:03") != std::string::npos);
}

TEST_CASE("ticks are round and few") {
  for (const auto span : {Millis(5000), Millis(600'000), Millis(86'400'000),
                          Millis(7 * 86'400'000LL), Millis(400 * 86'400'000LL)}) {
    const auto ticks = ticks_of(k_from, k_from + span, 9);
    CHECK(ticks.size() <= 9);
  }
  const auto day = ticks_of(k_from, k_to, 9);
  REQUIRE(day.size() == 9);
  CHECK(day[0].label == "11-20");
  CHECK(day[1].label == "03:00");
}
