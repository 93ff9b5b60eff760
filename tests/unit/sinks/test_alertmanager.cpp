#include <catch2/catch.hpp>

#include "plugins/alertmanager/alertmanager_sink.hpp"

using namespace cdctl;

TEST_CASE("the labels of a condition are what stays the same until it ends") {
  Notice begun;
  begun.kind = Notice::Kind::cut;
  begun.key = "cut/thumbs-r0000000001";
  begun.severity = Severity::error;
  begun.service = "thumbs";
  begun.revision = "r0000000001";
  begun.summary = "was cut";
  auto later = begun;
  later.kind = Notice::Kind::uncut;
  later.summary = "another text";
  const auto further = Json::object({{"team", "web"}});
  CHECK(alertmanager::labels_of(begun, further) == alertmanager::labels_of(later, further));
  const auto labels = alertmanager::labels_of(begun, further);
  CHECK(labels["alertname"].view() == "SetCut");
  CHECK(labels["team"].view() == "web");
  CHECK(labels["revision"].is_null());
}
