#pragma once

#include <string>

#include <cdctl/target.hpp>
#include <cdctl/time.hpp>

#include "core/app/context.hpp"
#include "core/records/candidate.hpp"

namespace cdctl::land {

struct LandOptions {
  bool dry_run = false;
  Millis timeout{};  ///< of each candidate
};

/// Lands what was verified, and writes one outcome for each candidate. What a run of this home has
/// begun, and was killed over, is noted in the home; the next one finishes it.
class Lander {
 public:
  Lander(app::Context& context, const LandOptions& options)
      : context_(context), options_(options) {}

  /// Finishes what others have begun who were killed.
  void recover();
  void land(const records::Candidate& candidate);

 private:
  app::Context& context_;
  LandOptions options_;
};

}  // namespace cdctl::land
