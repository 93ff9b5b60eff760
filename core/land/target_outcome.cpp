#include "core/land/target_outcome.hpp"

#include <fmt/format.h>

#include "core/app/keep_outcome.hpp"
#include "core/records/outcome.hpp"

namespace cdctl::land {

void TargetOutcome::write() {
  const auto took = std::chrono::duration_cast<std::chrono::microseconds>(
                        std::chrono::steady_clock::now() - begun_)
                        .count();
  records::Outcome record;
  record.action = action_;
  record.ok = !error_;
  record.changed = changed_;
  record.dry_run = dry_run_;
  record.took_ms = static_cast<double>(took / 10) / 100.0;
  record.why = why_;
  record.more = Json::object({{"target", target_}, {"proposal", proposal_}});
  for (auto& [key, value] : more_.members()) record.more.set(key, value);
  if (error_) {
    record.error = error_->what;
    record.exit = static_cast<std::int64_t>(error_->exit);
  }
  record.by = context_.actor();
  record.time = now();
  const auto json = records::encode(record);
  if (!dry_run_) app::keep_outcome(context_, json);
  context_.out.write(json);
  if (error_) context_.report(error_->in(fmt::format("{}: {}", target_, proposal_)));
}

}  // namespace cdctl::land
