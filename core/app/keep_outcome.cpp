#include "core/app/keep_outcome.hpp"

#include <fmt/format.h>

#include "core/app/configurations.hpp"
#include "core/records/outcome_log.hpp"

namespace cdctl::app {

void keep_outcome(const Context& context, const Json& record) {
  note_configuration(context, record["service"].view());  // before anybody can read it there
  const auto kept = records::append_to_log(context.home(), record.dump());
  if (kept) return;
  const auto named = [&] {
    for (const auto* key : {"set", "service", "target"})
      if (const auto& name = record[key]; !name.is_null()) return name.as_string();
    return std::string("this home");
  }();
  context.out.warning(
      fmt::format("{}: that there was a {} is in no log, so that history, metrics and notify do "
                  "not tell of it: {}",
                  named, record["action"].as_string(), kept.error().what));
}

}  // namespace cdctl::app
