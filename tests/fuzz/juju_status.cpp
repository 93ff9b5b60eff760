#include <algorithm>
#include <map>
#include <utility>

#include "plugins/juju/commands/records.hpp"
#include "plugins/juju/model/status.hpp"
#include "tests/fuzz/property.hpp"

using namespace cdctl;
using namespace cdctl::juju;
using cdctl::fuzz::must;

namespace {

void check_units(const ModelStatus& model) {
  for (const auto& unit : model.units) {
    must((unit.health == Health::ok) == unit.why.empty(),
         "what is not well says why, and nothing else does");
    must(!(model.everyone_lost && unit.health == Health::ok),
         "nothing is well when every agent is lost");
    must(unit.error.empty() || unit.health == Health::unknown, "what could not be read is unknown");
    must(Json::parse(unit_record(unit, {}).dump()).has_value(), "a unit's record is JSON");
  }
}

void check_counts(const ModelStatus& model) {
  std::map<std::string, std::int64_t> listed;
  for (const auto& unit : model.units) ++listed[unit.application];
  std::map<std::string, bool> seen;  // on a repeated name the first application has the units
  for (const auto& application : model.applications) {
    must(Json::parse(application_record(application, {}).dump()).has_value(),
         "an application's record is JSON");
    if (!application.units) continue;
    const auto want = application.units->want();
    const bool first = !std::exchange(seen[application.name], true);
    must(want == std::max(first ? listed[application.name] : 0, application.scale.value_or(0)),
         "each unit is counted once");
    must(application.units->up >= 0 && application.units->up <= listed[application.name],
         "only units are up");
  }
}

}  // namespace

/// Whatever juju answers is read, judged and written again, or refused; and nothing is called well
/// that is not known.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto json = Json::parse(cdctl::fuzz::as_text(data, size));
  if (!json) return 0;
  const auto model = parse_status(*json);
  if (!model) return 0;
  check_units(*model);
  check_counts(*model);
  return 0;
}
