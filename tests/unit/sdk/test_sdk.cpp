#include <catch2/catch.hpp>

#include <cdctl/child.hpp>
#include <cdctl/digest.hpp>
#include <cdctl/json.hpp>
#include <cdctl/set_name.hpp>
#include <cdctl/signal.hpp>
#include <cdctl/source.hpp>
#include <cdctl/text.hpp>
#include <cdctl/time.hpp>

using namespace cdctl;

TEST_CASE("a revision id is the same on every machine") {
  Sources sources;
  sources["trunk"] = {"git", "https://x/y", "9f2c1ab", 3};
  sources["config"] = {"file", "", "00", {}};
  // printf 'config=file:00\ntrunk=git:9f2c1ab\n' | sha256sum
  CHECK(revision_id(sources) ==
        "r" + sha256_hex("config=file:00\ntrunk=git:9f2c1ab\n").substr(0, 10));
  CHECK(sha256_hex("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST_CASE("a program that leaves a daemon on its streams ends when it ends") {
  Program command;
  command.argv = {"/bin/sh", "-c", "sleep 30 & echo said"};
  command.deadline = Deadline(Millis(20'000));
  const auto finished = run(command);
  REQUIRE(finished);
  CHECK(finished->ok());
  CHECK(finished->out == "said\n");
  CHECK(finished->wall < Millis(10'000));
}

TEST_CASE("a program that ignores TERM is gone after its deadline, children included") {
  Program command;
  command.argv = {"/bin/sh", "-c", "trap '' TERM; sleep 60 & sleep 60"};
  command.deadline = Deadline(Millis(200));
  const auto finished = run(command);
  REQUIRE(finished);
  CHECK(finished->timed_out);
  CHECK_FALSE(finished->ok());
}

TEST_CASE("output is kept whole up to its bound, and input reaches the program") {
  Program command;
  command.argv = {"cat"};
  command.input = std::string(3 << 20, 'x');
  command.max_output = 1 << 20;
  command.deadline = Deadline(Millis(20'000));
  const auto finished = run(command);
  REQUIRE(finished);
  CHECK(finished->ok());
  CHECK(finished->out.size() == 1 << 20);
  command.argv = {"no-such-program-anywhere"};
  CHECK_FALSE(run(command));
}

TEST_CASE("names from hell are no names") {
  for (const auto* bad : {"", "-rf", "../x", "a b", "a\n", "A", "a_b", "a--b", "a-", "1a", "a-1",
                          "thumbs-r5f0c1e9a2b", "\xc3\xa4", "a/b", "a.b", "a@b"}) {
    INFO(bad);
    CHECK_FALSE(valid_service_name(bad));
    CHECK_FALSE(parse_set_name(std::string(bad) + "-r000000000g"));
  }
  CHECK_FALSE(valid_service_name(std::string(39, 'a')));
  CHECK(valid_service_name(std::string(38, 'a')));
  CHECK(parse_set_name("thumbs-r5f0c1e9a2b")->service == "thumbs");
  CHECK_FALSE(parse_set_name("thumbs-r5f0c1e9a2b-r5f0c1e9a2b"));
}

TEST_CASE("times and durations survive their spelling") {
  CHECK(to_rfc3339(*parse_rfc3339("2026-11-23T04:11:30.12Z")) == "2026-11-23T04:11:30.120Z");
  CHECK(to_rfc3339(*parse_rfc3339("2026-11-23T06:11:30+02:00")) == "2026-11-23T04:11:30.000Z");
  CHECK(to_rfc3339(*parse_rfc3339("2024-02-29T23:59:60.999999999Z")) == "2024-03-01T00:00:00.999Z");
  for (const auto* bad :
       {"", "now", "2026-13-01T00:00:00Z", "2026-02-30T00:00:00Z", "2026-11-23T04:11:30",
        "2026-11-23T04:11:30Zx", "2026-11-23T24:00:00Z", "-026-11-23T00:00:00Z"}) {
    INFO(bad);
    CHECK_FALSE(parse_rfc3339(bad));
  }
  for (const auto* text : {"0s", "500ms", "10s", "1h30m", "2d", "1w"})
    CHECK(to_duration(*parse_duration(text)) == text);
  for (const auto* bad :
       {"", "5", "-1s", "1x", "s", "1 h", "99999999999999999999s", "9999999999w"}) {
    INFO(bad);
    CHECK_FALSE(parse_duration(bad));
  }
}

TEST_CASE("JSON keeps what it is given") {
  const std::string text = R"({"b":1,"a":[true,null,-2.5,"\u00e4\n"],"z":{"":9007199254740993}})";
  const auto json = Json::parse(text);
  REQUIRE(json);
  CHECK(Json::parse(json->dump())->dump() == json->dump());
  CHECK((*json)["z"][""].as_int() == 9007199254740993);
  CHECK(json->canonical().starts_with(R"({"a":)"));
  for (const auto* bad : {"", "{", "{}x", "[1,]", "nul", "\"\x01\"", "{\"a\":1 \"b\":2}"})
    CHECK_FALSE(Json::parse(bad));
  CHECK(Json("a\xffz").dump() == "\"a\xef\xbf\xbdz\"");
  CHECK(printable("two\nlines", 100) == "two\\nlines");
}

TEST_CASE("what others wrote cannot command a terminal or a reader") {
  CHECK(printable("\x1b[2Jgone\x7f", 100) == "\\u001b[2Jgone\\u007f");
  CHECK(printable("\u009b2Jgone", 100) == "\\u009b2Jgone");      // the same as one character
  CHECK(printable("ok \u202egnorw", 100) == "ok \\u202egnorw");  // would be read from right to left
  CHECK(printable("a\u2028b\uffff\ufffe", 100) ==
        "a\\u2028b\\uffff\\ufffe");  // no XML holds the last two
  CHECK(printable("größe 日本 🐇", 100) == "größe 日本 🐇");
  CHECK(printable("say \"no\" to C:\\new\t\\\"", 100) ==
        "say \"no\" to C:\\new\\t\\\"");  // plain quotes and backslashes are as they are
  CHECK(printable("aü日🐇", 2) == "a…");  // cut between characters
  CHECK(printable("aü日🐇", 7) == "aü日…");
  CHECK(printable("\xbf\xbf\xbf\xbf\xbf", 4) == "\ufffd…");
}

TEST_CASE("a signal survives both forms") {
  auto flat = normal_signal(*Json::parse(
      R"({"set":"thumbs-r5f0c1e9a2b","severity":"fatal","signal":"oops","unit":3,"mine":{"x":1}})"));
  REQUIRE(flat);
  CHECK((*flat)["severity"].view() == "critical");
  CHECK((*flat)["key"].view() == "thumbs/oops");
  const auto event = to_cloud_event(*flat);
  CHECK(event["subject"].view() == "thumbs-r5f0c1e9a2b");
  CHECK(event["severitynumber"].as_int() == 21);
  CHECK(from_either_form(event)->dump() == flat->dump());
  CHECK_FALSE(normal_signal(*Json::parse(R"({"set":"thumbs","severity":"error"})")));
  CHECK_FALSE(normal_signal(*Json::parse(R"({"set":"thumbs-r5f0c1e9a2b","severity":"dreadful"})")));
  CHECK_FALSE(from_either_form(
      *Json::parse(R"({"specversion":"1.0","type":"other","subject":"thumbs-r5f0c1e9a2b"})")));
}

TEST_CASE("a program's two streams can be one, each line in its place") {
  Program command;
  command.argv = {"/bin/sh", "-c", "for i in 1 2 3; do echo out$i; echo err$i >&2; done"};
  command.one_stream = true;
  command.deadline = Deadline(Millis(10'000));
  const auto finished = run(command);
  REQUIRE(finished);
  CHECK(finished->out == "out1\nerr1\nout2\nerr2\nout3\nerr3\n");
  CHECK(finished->err.empty());
}
