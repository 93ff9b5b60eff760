#pragma once

#include <cdctl/host.hpp>
#include <cdctl/roles/repository.hpp>

namespace cdctl::bzr {

/// Merges and pushes Breezy branches, in a repository of our own (Workshop).
///
/// A candidate is a merge revision that is committed there, on the target's newest; it is that
/// revision which is tested, and pushed. A push without overwriting is a compare-and-swap: brz
/// holds the target's lock while it sees that the target's tip is an ancestor of what comes.
///
/// brz chooses revision-ids by itself, so that the same merge made elsewhere is another revision;
/// here it is remembered, and the same request gives the same one.
class BzrRepository final : public Repository {
 public:
  explicit BzrRepository(Host& host) : host_(host) {}

 protected:
  Result<MergeAnswer> do_merge(const TargetConfig& target, const MergeRequest& request,
                               const Deadline& deadline) override;
  Result<> do_checkout(const TargetConfig& target, const std::string& commit,
                       const std::filesystem::path& into, const Deadline& deadline) override;
  Result<> do_stage(const TargetConfig& target, const std::string& ref, const std::string& commit,
                    const Deadline& deadline) override;
  Result<LandAnswer> do_land(const TargetConfig& target, const LandRequest& request,
                             const Deadline& deadline) override;

 private:
  Host& host_;
};

}  // namespace cdctl::bzr
