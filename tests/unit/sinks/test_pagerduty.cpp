#include <catch2/catch.hpp>

#include "plugins/pagerduty/pagerduty_sink.hpp"

using namespace cdctl;
using pagerduty::event_of;

namespace {

Notice notice() {
  Notice out;
  out.kind = Notice::Kind::cut;
  out.key = "cut/thumbs-r0000000001";
  out.severity = Severity::error;
  out.summary = "thumbs-r0000000001 was cut";
  out.service = "thumbs";
  out.set = "thumbs-r0000000001";
  return out;
}

}  // namespace

TEST_CASE("an event has what the API demands") {
  const auto event = event_of(notice(), Json::object({{"why", "x"}}), "K");
  CHECK(event["routing_key"].view() == "K");
  CHECK(event["event_action"].view() == "trigger");
  CHECK(event["dedup_key"].view() == "cdctl/cut/thumbs-r0000000001");
  CHECK(event["payload"]["severity"].view() == "error");
  CHECK(event["payload"]["source"].view() == "thumbs-r0000000001");
  CHECK(event["payload"]["custom_details"]["why"].view() == "x");
}

TEST_CASE("the end has the same key and needs no payload, a change has neither key nor severity") {
  auto over = notice();
  over.over = true;
  const auto event = event_of(over, Json(), "K");
  CHECK(event["event_action"].view() == "resolve");
  CHECK(event["dedup_key"].view() == "cdctl/cut/thumbs-r0000000001");
  CHECK(event["payload"].is_null());
  auto change = notice();
  change.key.clear();
  CHECK(event_of(change, Json(), "K")["event_action"].is_null());
  CHECK(event_of(change, Json(), "K")["payload"]["severity"].is_null());
}

TEST_CASE("an event keeps the bounds of the API: by character, and as a whole") {
  auto long_one = notice();
  long_one.summary.clear();
  for (int i = 0; i < 2'000; ++i) long_one.summary += "é";
  long_one.key = std::string(400, 'k');
  const auto event = event_of(long_one, Json::object({{"why", std::string(1u << 20, 'x')}}), "K");
  CHECK(event["payload"]["summary"].view().size() == 2 * 1024);
  CHECK(event["dedup_key"].view().size() <= 255);
  CHECK(event["dedup_key"].view().starts_with("cdctl:"));
  CHECK(event.dump().size() < 512'000);
}

TEST_CASE("debug is no severity there") {
  auto quiet = notice();
  quiet.severity = Severity::debug;
  CHECK(event_of(quiet, Json(), "K")["payload"]["severity"].view() == "info");
}
