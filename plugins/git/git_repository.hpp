#pragma once

#include <string>

#include <cdctl/host.hpp>
#include <cdctl/roles.hpp>

#include "plugins/git/workshop.hpp"

namespace cdctl::git {

/// Merges proposals of git repositories, and pushes what was verified. To land a request without a
/// `ref` pushes nothing: it says whether the target has the candidate. A checkout fails with
/// `failed` where the tree's own names are why.
class GitRepository final : public Repository {
 public:
  explicit GitRepository(Host& host) : host_(host) {}

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

/// What a server said of a push, by `git push --porcelain`. Which ref has moved is not among it:
/// where a server refuses several refs as one, it does not tell. That is looked at.
struct PushAnswer {
  bool done = false;
  bool moved = false;        ///< the target, by this push: two may push the same commit
  bool answered = false;     ///< it said something of a ref
  bool no_atomic = false;    ///< it cannot take several refs as one
  bool no_deletion = false;  ///< it does not let a branch be removed
  std::string why;           ///< in words of git, about the ref
  std::string words;         ///< of the server, such as a hook: `: main is closed`
};
[[nodiscard]] PushAnswer read_push(std::string_view out, std::string_view err, bool ok,
                                   std::string_view target);

}  // namespace cdctl::git
