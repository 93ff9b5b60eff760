#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include <cdctl/target.hpp>
#include <cdctl/time.hpp>

#include "core/app/context.hpp"
#include "core/land/last_look.hpp"
#include "core/records/candidate.hpp"

namespace cdctl::land {

struct LandOptions {
  bool dry_run = false;
  bool trust_record = false;  ///< also what another home has verified that has our key
  Millis timeout{};           ///< of each candidate
};

/// Lands what was verified, and writes one outcome for each candidate. Right before a push the
/// forge and the gate are asked once more: a record that was kept lands nothing that somebody has
/// stopped since. What a run of this home has begun, and was killed over, is noted in the home; the
/// next one finishes it.
class Lander {
 public:
  Lander(app::Context& context, const LandOptions& options)
      : context_(context), options_(options), look_(context) {}

  /// Exit code `config` where the word of other homes shall be taken, and there is no key for it.
  [[nodiscard]] Result<> check() const;
  /// Finishes what others have begun who were killed.
  void recover();
  /// One of a batch waits for the others: they land as a whole.
  void land(records::Candidate candidate);
  /// What has waited for others in vain is refused.
  void finish();

 private:
  void land_all(const std::vector<records::Candidate>& candidates);

  app::Context& context_;
  LandOptions options_;
  LastLook look_;
  std::map<std::string, std::vector<records::Candidate>> batches_;  ///< that are not whole yet
  std::set<std::string> recovered_;  ///< heads that recover() has told of
};

}  // namespace cdctl::land
