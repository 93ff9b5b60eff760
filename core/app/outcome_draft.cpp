#include "core/app/outcome_draft.hpp"

#include "core/app/keep_outcome.hpp"

namespace cdctl::app {

OutcomeDraft::OutcomeDraft(Context& context, std::string_view action, bool dry_run)
    : context_(context) {
  record_.action = action;
  record_.dry_run = dry_run;
}

void OutcomeDraft::write(const std::string& what, bool keep) {
  records::end_outcome(record_, error_, context_.actor(), begun_);
  const auto json = records::encode(record_);
  if (keep && !dry_run()) keep_outcome(context_, json);
  context_.out.write(json);
  if (!error_) return;
  if (what.empty()) return context_.note_exit(error_->exit);
  context_.report(error_->in(what));
}

}  // namespace cdctl::app
