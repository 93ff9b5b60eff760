#pragma once

#include <filesystem>
#include <vector>

#include <cdctl/error.hpp>

#include "core/app/context.hpp"
#include "core/records/candidate.hpp"

namespace cdctl::land {

using Candidates = std::vector<records::Candidate>;

/// What is about to be pushed, in the home: `land/begun/COMMIT.json`, with the candidates that land
/// by that commit. A run that finds one of a run that was killed finishes it.
class Begun {
 public:
  explicit Begun(const app::Context& context) : folder_(context.home() / "land" / "begun") {}

  [[nodiscard]] Result<> note(const Candidates& candidates) const;
  void forget(const Candidates& candidates) const;
  [[nodiscard]] bool has(const Candidates& candidates) const;
  /// The oldest first.
  [[nodiscard]] std::vector<Candidates> all() const;

 private:
  [[nodiscard]] std::filesystem::path file(const Candidates& candidates) const;

  std::filesystem::path folder_;
};

}  // namespace cdctl::land
