#include "core/actions/outcome.hpp"

#include "core/app/keep_outcome.hpp"

namespace cdctl::actions {

Outcome::Outcome(app::Context& context, std::string_view action, SetName set, bool dry_run)
    : context_(context), action_(action), set_(std::move(set)), dry_run_(dry_run) {}

bool Outcome::step(const std::string& plugin, Result<Step> result) {
  auto& step = steps_.emplace_back();
  step.plugin = plugin;
  step.ok = result.has_value();
  if (result) {
    step.changed = result->changed;
    step.details = std::move(result->details);
    changed_ = changed_ || result->changed;
  } else {
    step.error = result.error().what;
    fail_with(result.error().in(plugin));
  }
  return result.has_value();
}

void Outcome::fail_with(const Error& error) {
  if (!error_) error_ = error;
}

void Outcome::write() {
  records::Outcome record;
  records::name_set(record, set_);
  record.action = action_;
  record.changed = changed_;
  record.dry_run = dry_run_;
  record.steps = std::move(steps_);
  record.why = why_;
  record.more = std::move(more_);
  records::end_outcome(record, error_, context_.actor(), begun_);
  const auto json = records::encode(record);
  if (!dry_run_) app::keep_outcome(context_, json);
  context_.out.write(json);
  if (error_) context_.report(error_->in(set_.str()));
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
