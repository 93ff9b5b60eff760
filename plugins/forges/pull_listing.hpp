#pragma once

#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/forges/listing.hpp"
#include "plugins/forges/pull_server.hpp"
#include "plugins/forges/trust.hpp"

namespace cdctl::forges {

/// A pull request with what was said of it.
struct Pull : ChangeRequest {
  Json::Array reviews, commits;  ///< the oldest review first, the newest commit
  std::size_t unresolved = 0;    ///< conversations
  std::optional<Error> unread;   ///< why it is not known what was said of it
};

/// One look at the pull requests of such a server.
class PullListing : public Listing {
 public:
  PullListing(PullServer& server, std::span<const TargetConfig* const> targets,
              const Deadline& deadline)
      : Listing(server, targets, deadline), server_(server) {}

  /// Why the word of a reviewer on one of them would not count; empty where it does. For its target
  /// alone.
  [[nodiscard]] Result<std::string> why_not_counted(const ChangeRequest& change,
                                                    const std::string& who);

 protected:
  [[nodiscard]] PullServer& server() const { return server_; }
  /// The paths of the list and of a pull request's commits.
  [[nodiscard]] virtual std::string list_path() const = 0;
  [[nodiscard]] virtual std::string_view commits_path() const = 0;
  /// Brings reviews and commits into their order, and reads what is still missing.
  [[nodiscard]] virtual Result<> complete(Pull& pull) = 0;
  [[nodiscard]] virtual Result<> count_unresolved(Pull& pull) = 0;
  /// Asks whose word counts.
  [[nodiscard]] virtual Result<> ask(Trust& trust, const std::set<std::string>& logins) = 0;
  /// Whose account a review is of; empty for one that is gone.
  [[nodiscard]] virtual std::string login_of(const Json& review) const = 0;
  [[nodiscard]] virtual bool is_bot(const Json& user) const = 0;
  [[nodiscard]] virtual bool is_draft(const Json& pull) const = 0;
  /// Whether a commit is by the server itself, where somebody edits in a browser.
  [[nodiscard]] virtual bool is_server(std::string_view login) const;
  /// Whether the server says that an approval is of something older.
  [[nodiscard]] virtual bool is_stale(const Json& review) const;
  /// Who was asked for a review and has not given one.
  [[nodiscard]] virtual std::vector<std::string> pending(const Pull& pull) const = 0;

  Result<> open() override;
  Result<std::vector<Proposal>> of(const TargetConfig& target, const std::string& base) override;

 private:
  void read_details();
  [[nodiscard]] const Error* unread(const Pull& pull, const Trust& trust) const;
  [[nodiscard]] std::vector<const Json*> last_words(const Pull& pull) const;
  [[nodiscard]] std::vector<std::string> own_logins(const Pull& pull) const;
  [[nodiscard]] std::vector<Vote> votes_of(const Pull& pull, const Trust& trust) const;
  [[nodiscard]] Proposal proposal_of(const Pull& pull, const TargetConfig& target,
                                     const std::string& base, const Trust& trust) const;

  PullServer& server_;
  std::vector<Pull> pulls_;
};

}  // namespace cdctl::forges
