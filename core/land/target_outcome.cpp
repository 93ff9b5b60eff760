#include "core/land/target_outcome.hpp"

#include <fmt/format.h>

#include "core/app/keep_outcome.hpp"
#include "core/records/outcome.hpp"

namespace cdctl::land {

void TargetOutcome::write() {
  records::Outcome record;
  record.action = action_;
  record.changed = changed_;
  record.dry_run = dry_run_;
  record.why = why_;
  record.more = Json::object({{"target", target_}, {"proposal", proposal_}});
  for (auto& [key, value] : more_.members()) record.more.set(key, value);
  records::end_outcome(record, error_, context_.actor(), begun_);
  const auto json = records::encode(record);
  if (!dry_run_ && !no_news_) app::keep_outcome(context_, json);
  context_.out.write(json);
  if (!error_) return;
  if (quiet_) return context_.note_exit(error_->exit);
  context_.report(error_->in(fmt::format("{}: {}", target_, proposal_)));
}

}  // namespace cdctl::land
