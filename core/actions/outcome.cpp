#include "core/actions/outcome.hpp"

#include "core/app/keep_outcome.hpp"

namespace cdctl::actions {

Outcome::Outcome(app::Context& context, std::string_view action, const SetName& set, bool dry_run)
    : OutcomeDraft(context, action, dry_run) {
  records::name_set(record_, set);
}

bool Outcome::step(const std::string& plugin, Result<Step> result) {
  auto& step = record_.steps.emplace_back();
  step.plugin = plugin;
  step.ok = result.has_value();
  if (result) {
    step.changed = result->changed;
    step.details = std::move(result->details);
    changed(result->changed);
  } else {
    step.error = result.error().what;
    fail_with(result.error().in(plugin));
  }
  return result.has_value();
}

void keep_in_log(const app::Context& context, const Decision& decision) {
  records::Outcome record;
  record.action = decision.action;
  record.service = decision.service;
  if (decision.set) records::name_set(record, *decision.set);
  record.changed = decision.changed;
  record.why = decision.why;
  record.more = decision.more;
  records::end_outcome(record, decision.error, context.actor());
  app::keep_outcome(context, records::encode(record));
}

}  // namespace cdctl::actions
