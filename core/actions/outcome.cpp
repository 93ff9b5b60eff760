#include "core/actions/outcome.hpp"

#include "core/records/outcome_log.hpp"

namespace cdctl::actions {

Outcome::Outcome(app::Context& context, std::string_view action, SetName set, bool dry_run)
    : context_(context), action_(action), set_(std::move(set)), dry_run_(dry_run) {}

bool Outcome::step(const std::string& plugin, Result<Step> result) {
  Json record = Json::object({{"plugin", plugin}, {"ok", result.has_value()}});
  if (result) {
    record.set("changed", result->changed);
    for (const auto& [key, value] : result->details.members()) record.set(key, value);
    changed_ = changed_ || result->changed;
  } else {
    record.set("error", result.error().what);
    fail_with(result.error().in(plugin));
  }
  steps_.push_back(std::move(record));
  return result.has_value();
}

void Outcome::fail_with(const Error& error) {
  if (!error_) error_ = error;
}

void Outcome::write() {
  const auto took = std::chrono::duration_cast<std::chrono::microseconds>(
                        std::chrono::steady_clock::now() - begun_)
                        .count();
  Json record = Json::object({{"schema", "cdctl.outcome/1"},
                              {"action", action_},
                              {"service", set_.service},
                              {"revision", set_.revision},
                              {"set", set_.str()},
                              {"ok", ok()},
                              {"changed", changed_}});
  if (dry_run_) record.set("dry_run", true);
  record.set("took_ms", static_cast<double>(took / 10) / 100.0).set("steps", std::move(steps_));
  if (!why_.empty()) record.set("why", why_);
  for (auto& [key, value] : extra_.members()) record.set(key, value);
  if (error_) record.set("error", error_->what).set("exit", static_cast<int>(error_->exit));
  record.set("by", context_.actor()).set("time", to_rfc3339(now()));
  if (!dry_run_) records::append_to_log(context_.home(), record.dump());
  context_.out.write(record);
  if (error_) context_.report(error_->in(set_.str()));
}

}  // namespace cdctl::actions
