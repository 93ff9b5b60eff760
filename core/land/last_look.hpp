#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <cdctl/target.hpp>
#include <cdctl/time.hpp>

#include "core/app/context.hpp"
#include "core/records/candidate.hpp"

namespace cdctl::land {

/// What speaks against a push that was fine when the gate was asked.
struct Objection {
  enum class Kind {
    frozen,  ///< the target
    waits,   ///< the gate lets it through no more: a vote, a label, what has to land before it
    moved,   ///< there is a newer commit of the proposal
    gone,    ///< it is not proposed any more; it may have landed
  };
  Kind kind = Kind::waits;
  std::string why;
};

/// Asks once more, right before a push: between the gate and it there may be hours, and a record
/// may be kept for as long as somebody likes. Costs one listing of the target's proposals; what
/// follows within two seconds goes by the same.
class LastLook {
 public:
  explicit LastLook(app::Context& context) : context_(context) {}

  /// By the target's file, freezes, votes and labels as they are now; the first of the candidates
  /// that may not land decides for all. Nobody who could be asked: exit code `unknown`.
  [[nodiscard]] Result<std::optional<Objection>> objection(
      const TargetConfig& target, const std::vector<records::Candidate>& candidates,
      const Deadline& deadline);

  /// Whether its forge says that the target has the very head that a candidate is of, asked now.
  [[nodiscard]] Result<bool> contained(const TargetConfig& target,
                                       const records::Candidate& candidate,
                                       const Deadline& deadline);

 private:
  using Clock = std::chrono::steady_clock;
  struct Seen {
    Clock::time_point at;
    std::map<std::string, records::Candidate> judged;  ///< by proposal
  };
  [[nodiscard]] Result<const Seen*> look(const TargetConfig& target, const Deadline& deadline);

  app::Context& context_;
  std::map<std::string, Seen> seen_;  ///< by target
};

}  // namespace cdctl::land
