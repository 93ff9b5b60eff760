#include <catch2/catch.hpp>

#include <fmt/format.h>

#include "cli/output/cell.hpp"
#include "cli/output/note.hpp"
#include "core/records/outcome.hpp"

using namespace cdctl;
using namespace cdctl::cli;

namespace {

Json parsed(std::string_view text) { return *Json::parse(text); }

}  // namespace

TEST_CASE("a note says what holds of a record") {
  const auto record = parsed(
      R"({"newest":true,"proven":false,"why":"","n":0,"life":"dying","units":{"down":2,"bad":0},"ok":false,"url":null,"held":{}})");
  CHECK(note_text(record, "newest: newest\nproven: proven\nunits.down: {units.down} down") ==
        "newest, 2 down");
  CHECK(note_text(record, "why: no\nn: no\nunits.bad: no\nabsent: no\nurl: no").empty());
  CHECK(note_text(record, "life&life!=alive: {life}") == "dying");
  CHECK(note_text(record, "life&life!=dying: {life}").empty());
  CHECK(note_text(record, "newest: first\nonly ok=false: failed\nheld: last") == "failed");
  CHECK(note_text(record, "only ok=true: well\nelse: unchanged") == "unchanged");
  CHECK(note_text(record, "newest: newest\nelse: unchanged") == "newest");
  CHECK(note_text(record, "held: from {url}: {units.down}/{life}") == "from -: 2/dying");
  CHECK(note_text(Json(7), "newest: newest\nelse: -") == "-");
  // Null is what could not be read; absent is nothing
  CHECK(note_text(parsed(R"({"idle":null})"), "idle=null: unknown\nidle=-: none") ==
        "unknown, none");
  CHECK(note_text(parsed("{}"), "idle=null: unknown\nidle=-&idle!=null: none") == "none");
}

TEST_CASE("each way to show a member") {
  const auto record = parsed(
      R"({"name":"rabbit","text":"a\u001b[31mb","null":null,"time":"2026-11-23T04:12:09.120Z","ms":12.5,"units":{"up":2,"want":null},"yes":true,"words":["a","b"],"names":[{"name":"x"},{"name":"y"}],"pairs":[["k","v"],["odd"]],"roles":["switch:rabbit","source:git"],"sources":{"service":{"revision":"1"},"trunk":{"revision":"9f2c1abdef","number":124}}})");
  const auto shown = [&](const char* member, plugin::Show show, const char* note = "") {
    return cell_text(record, {"X", member, show, false, 0, note});
  };
  using plugin::Show;
  CHECK(shown("text", Show::text) == "a\\u001b[31mb");
  CHECK(shown("null", Show::text) == "-");
  CHECK(shown("null", Show::blank).empty());
  CHECK(shown("null", Show::brief).empty());
  CHECK(shown("null", Show::age) == "-");
  CHECK(shown("time", Show::clock) == "11-23 04:12:09");
  CHECK(shown("null", Show::clock) == "-");
  CHECK(shown("ms", Show::millis) == "12.5 ms");
  CHECK(shown("null", Show::millis) == "-");
  CHECK(shown("units", Show::units) == "2/-");
  CHECK(shown("null", Show::units) == "?");
  CHECK(shown("yes", Show::yes) == "yes");
  CHECK(shown("null", Show::yes) == "no");
  CHECK(shown("yes", Show::cut) == "cut");
  CHECK(shown("null", Show::cut) == "?");
  CHECK(shown("words", Show::words) == "a b");
  CHECK(shown("names", Show::names) == "x y");
  CHECK(shown("pairs", Show::pairs) == "k=v");
  CHECK(shown("sources", Show::sources) == "trunk 9f2c1abd #124");
  CHECK(cell_text(parsed(R"({"sources":{"trunk":{"revision":"a\u001b[2J"}}})"),
                  {"X", "sources", Show::sources, false, 0, ""}) == "trunk a\\u001b[2J");
  CHECK(shown("roles", Show::roles) == "switch source:git");
  CHECK(shown("", Show::note, "yes: {text}") == "a\\u001b[31mb");
  CHECK(shown("", Show::phrase, "yes: {text}") == "a\\u001b[31mb");
}

TEST_CASE("a set is one word, and what people have said of it") {
  const auto state = [](const char* word, const char* rest) {
    return state_text(parsed(fmt::format(R"({{"state":{}{}}})", word, rest)));
  };
  CHECK(state("\"live\"", R"(,"cut":false)") == "live");
  CHECK(state("\"live\"", R"(,"cut":true,"units":{"want":1,"up":1})") == "cut");
  CHECK(state("\"down\"", R"(,"cut":true)") == "cut");
  CHECK(state("\"live\"", R"(,"cut":true,"trial_until":"2026-11-23T04:12:09.120Z")") == "trial");
  CHECK(state("\"reaping\"", R"(,"cut":true)") == "reaping");
  for (const auto* word : {"deploying", "partial", "down"})
    for (const auto* cut : {"false", "null"})
      CHECK(state(fmt::format("\"{}\"", word).c_str(), fmt::format(",\"cut\":{}", cut).c_str()) ==
            word);
  CHECK(state("\"live\"", R"(,"cut":null)") == "live?");
  CHECK(state("null", R"(,"cut":false)") == "live?");  // in another home
  CHECK(state("null", R"(,"cut":true)") == "cut");
  CHECK(state("null", R"(,"cut":null)") == "unknown");
  CHECK(state("null", R"(,"cut":null,"foreign":true)") == "foreign");
  CHECK(state("null", R"(,"cut":false,"ghost":true)") == "lost");
  CHECK(state("\"live\"", R"(,"cut":false,"locked_out":true)") == "live, locked out");
  CHECK(state("\"live\"", R"(,"cut":false,"forced":"closed")") == "live, pinned");
  CHECK(state("\"live\"", R"(,"cut":true,"forced":"open","held":{"by":"a"})") ==
        "cut, pinned, held");
}

TEST_CASE("a time in a note is one that people read") {
  CHECK(note_text(parsed(R"({"until":"2026-11-23T04:12:09.120Z"})"), "until: until {until}") ==
        "until 11-23 04:12:09");
}

TEST_CASE("what an action came to") {
  const auto result = [](const char* record) {
    return note_text(parsed(record), records::Outcome::k_result);
  };
  CHECK(result(R"({"ok":false,"changed":false,"exit":5})") == "refused");
  CHECK(result(R"({"ok":false,"changed":false,"exit":4})") == "failed");
  CHECK(result(R"({"ok":true,"changed":true})") == "done");
  CHECK(result(R"({"ok":true,"changed":true,"dry_run":true})") == "would");
  CHECK(result(R"({"ok":true,"changed":false,"dry_run":true})") == "unchanged");
  CHECK(result(R"({"ok":true,"changed":false})") == "unchanged");
}
