#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "plugins/forges/listing.hpp"
#include "plugins/forges/trust.hpp"
#include "plugins/gitlab/gitlab_server.hpp"

namespace cdctl::gitlab {

/// A merge request with what was said of it.
struct Request : forges::ChangeRequest {
  Json approvals, reviewers;
  Json::Array versions, discussions, commits;
  std::optional<Error> unread;  ///< why it is not known what was said of it
};

/// One look at the merge requests of a project.
class RequestListing final : public forges::Listing {
 public:
  RequestListing(GitlabServer& server, std::span<const TargetConfig* const> targets,
                 const Deadline& deadline)
      : Listing(server, targets, deadline), server_(server) {}

  /// Why the word of a reviewer on one of them would not count; empty where it does. For its target
  /// alone; `who` is whose the token is.
  [[nodiscard]] Result<std::string> why_not_counted(const forges::ChangeRequest& change,
                                                    const std::string& who);

 protected:
  Result<> open() override;
  Result<std::vector<Proposal>> of(const TargetConfig& target, const std::string& base) override;

 private:
  void details();
  void ask(forges::Trust& trust, const std::map<std::string, std::int64_t>& ids);
  [[nodiscard]] Proposal proposal_of(const Request& request, const TargetConfig& target,
                                     const std::string& base, const forges::Trust& trust) const;

  GitlabServer& server_;
  std::vector<Request> requests_;
};

}  // namespace cdctl::gitlab
