#include <catch2/catch.hpp>

#include <algorithm>
#include <string>

#include <cdctl/signal.hpp>

#include "plugins/webhook/formats.hpp"

using namespace cdctl;
using namespace cdctl::webhook;

namespace {

Json outcome(std::string_view action) {
  return Json::object({{"schema", "cdctl.outcome/1"},
                       {"action", action},
                       {"service", "thumbs"},
                       {"revision", "r0000000001"},
                       {"set", "thumbs-r0000000001"},
                       {"ok", true},
                       {"changed", true},
                       {"why", "<!channel> & \"quoted\" `x` [l](http://y)"},
                       {"by", "alice@web1"},
                       {"time", "2026-11-23T04:11:30.120Z"}});
}

Json only(const Json& record, Format format) {
  Style style;
  style.format = format;
  const auto messages = messages_of(record, style);
  REQUIRE(messages.size() == 1);
  const auto json = Json::parse(messages[0].body);
  REQUIRE(json);
  return *json;
}

}  // namespace

TEST_CASE("a chat shows what others wrote as text: nobody is called, nothing becomes a link") {
  const auto slack = only(outcome("break"), Format::slack)["text"].as_string();
  CHECK(slack.find("<!channel>") == std::string::npos);
  CHECK(slack.find("&lt;!channel&gt; &amp;") != std::string::npos);
  // All of it is in one code span, where no chat reads Markdown or a mention.
  CHECK(std::ranges::count(slack, '`') == 2);
  CHECK(slack.ends_with("'x' [l](http://y)`"));
  const auto card = only(outcome("break"), Format::teams);
  const auto text =
      card["attachments"].items()[0]["content"]["body"].items()[0]["text"].as_string();
  CHECK(text.find("\\[l\\]\\(http://y\\)") != std::string::npos);
}

TEST_CASE("a chat hears nothing of the end of what never began") {
  Style style;
  CHECK(messages_of(outcome("deploy"), style).size() == 1);
  CHECK(messages_of(outcome("reap"), style).size() == 1);
  auto ends = outcome("deploy");
  ends.set("ends_only", true);
  for (const auto format : {Format::slack, Format::teams, Format::cdevents, Format::json,
                            Format::cloudevents, Format::text})
    CHECK_FALSE(is_for(ends, format));
}

TEST_CASE("the manual's sentence of which signals a chat gets holds") {
  const auto signal = [](std::string_view name, std::string_view severity) {
    return Json::object({{"schema", "cdctl.signal/1"},
                         {"set", "thumbs-r0000000001"},
                         {"service", "thumbs"},
                         {"signal", name},
                         {"severity", severity},
                         {"time", "2026-11-23T04:11:30.120Z"}});
  };
  for (const std::string severity : {"debug", "info", "warning", "error", "critical"}) {
    CAPTURE(severity);
    const bool loud = severity == "error" || severity == "critical";
    for (const auto format : {Format::slack, Format::teams, Format::text}) {
      CHECK(is_for(signal("oops", severity), format) == loud);
      CHECK(is_for(signal(k_outage_signal, severity), format));
    }
    for (const auto format : {Format::json, Format::cloudevents})
      CHECK(is_for(signal("oops", severity), format));
    CHECK_FALSE(is_for(signal("oops", severity), Format::cdevents));
    CHECK(is_for(signal(k_outage_signal, severity), Format::cdevents));
    // What a route has let through is sent: nothing asks for the severity a second time.
    for (const auto format : {Format::slack, Format::teams, Format::text}) {
      Style style;
      style.format = format;
      style.text = "<severity>: <summary>";
      CHECK(messages_of(signal("oops", severity), style).size() == 1);
    }
  }
}

TEST_CASE("a cloud event has the four members, and the same id each time") {
  const auto event = only(outcome("break"), Format::cloudevents);
  CHECK(event["specversion"].view() == "1.0");
  CHECK(event["type"].view() == "org.cdctl.outcome.v1");
  CHECK(event["source"].view() == "/cdctl");
  CHECK(event["subject"].view() == "thumbs-r0000000001");
  CHECK(event["id"].view() == only(outcome("break"), Format::cloudevents)["id"].view());
  CHECK(event["data"] == outcome("break"));
}

TEST_CASE("CDEvents have the members of their schemas and no other") {
  const auto members = [](const Json& object) {
    std::vector<std::string> out;
    for (const auto& [key, value] : object.members()) out.push_back(key);
    std::ranges::sort(out);
    return out;
  };
  using Names = std::vector<std::string>;
  const auto deployed = only(outcome("deploy"), Format::cdevents);
  CHECK(deployed["type"].view() == "dev.cdevents.service.deployed.0.3.0");
  CHECK(members(deployed["data"]) ==
        Names{"context", "customData", "customDataContentType", "subject"});
  CHECK(members(deployed["data"]["context"]) ==
        Names{"id", "source", "specversion", "timestamp", "type"});
  CHECK(members(deployed["data"]["subject"]) == Names{"content", "id", "source"});
  CHECK(members(deployed["data"]["subject"]["content"]) == Names{"artifactId", "environment"});
  CHECK(deployed["data"]["subject"]["content"]["artifactId"].view() ==
        "pkg:generic/thumbs@r0000000001");
  // id, source, type, subject and time are those of the event inside: the binding demands it.
  const auto cut = only(outcome("break"), Format::cdevents);
  CHECK(cut["type"].view() == "dev.cdevents.incident.detected.0.3.0");
  for (const char* key : {"id", "source", "type"}) CHECK(cut[key] == cut["data"]["context"][key]);
  CHECK(cut["time"] == cut["data"]["context"]["timestamp"]);
  CHECK(cut["subject"] == cut["data"]["subject"]["id"]);
  CHECK(only(outcome("mend"), Format::cdevents)["type"].view() ==
        "dev.cdevents.incident.resolved.0.3.0");
  Style style;
  style.format = Format::cdevents;
  CHECK(messages_of(outcome("hold"), style).empty());
}

TEST_CASE("a template is filled, and in JSON what is put in cannot break out") {
  Style style;
  style.format = Format::text;
  style.text = "<severity> <summary> <nothing> < 3";
  CHECK(messages_of(outcome("hold"), style)[0].body ==
        "info thumbs-r0000000001: hold by alice@web1: <!channel> & \"quoted\" `x` "
        "[l](http://y) <nothing> < 3");
  style.content_type = "application/json";
  style.text = R"({"text":"<summary>"})";
  const auto json = Json::parse(messages_of(outcome("hold"), style)[0].body);
  REQUIRE(json);
  CHECK((*json)["text"].as_string().find("\"quoted\"") != std::string::npos);
  CHECK(unknown_name("<severity> <nothing> < 3 <Summary>") == "nothing");
  CHECK(unknown_name("<severity> <").empty());
}
