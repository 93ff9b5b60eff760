#include <cdctl/set_name.hpp>
#include <cdctl/signal.hpp>

#include "tests/fuzz/property.hpp"

using namespace cdctl;
using cdctl::fuzz::must;

/// A signal in either form: the flat record goes to the wire and comes back as it was, and each
/// reading of it gives the same.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  auto json = Json::parse(cdctl::fuzz::as_text(data, size));
  if (!json) return 0;
  const auto flat = from_either_form(std::move(*json));
  if (!flat) {
    must(!flat.error().what.empty() && !flat.error().what.contains('\n'),
         "what is refused has a reason of one line");
    return 0;
  }
  const auto text = flat->canonical();
  const auto set = parse_set_name((*flat)["set"].view());
  must(set.has_value(), "a signal has a set");
  must((*flat)["service"].view() == set->service && (*flat)["revision"].view() == set->revision,
       "service and revision are those of the set");
  must(parse_severity((*flat)["severity"].view()).has_value(), "a signal has a severity");
  must(event_time(*flat).has_value(), "a signal has a time");

  const auto again = normal_signal(*flat);
  must(again && again->canonical() == text, "a signal that is whole stays as it is");
  const auto either = from_either_form(*flat);
  must(either && either->canonical() == text, "a flat signal is read as one");

  const auto event = Json::parse(to_cloud_event(*flat).dump());
  must(event.has_value(), "an event is JSON");
  for (const auto* name : {"specversion", "id", "source", "type"})
    must(!(*event)[name].view().empty(), "an event has what CloudEvents requires");
  const auto back = from_either_form(*event);
  must(back && back->canonical() == text, "an event comes back as the record that it was made of");
  const auto key = routing_key(*flat);
  must(key.starts_with(set->service + "." + set->revision + ".") && key.size() <= 255,
       "the routing key names the set");
  return 0;
}
