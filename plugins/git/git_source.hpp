#pragma once

#include <map>
#include <string>
#include <vector>

#include <cdctl/host.hpp>
#include <cdctl/roles.hpp>
#include <cdctl/roles/commit_log.hpp>
#include <cdctl/source.hpp>

#include "plugins/git/refs.hpp"

namespace cdctl::git {

/// Sources of kind `git`. Options: `branch` (default: what the repository's HEAD says) or `tag`, a
/// pattern whose newest version counts. A revision is a full commit id. `number` stays empty:
/// counting commits is not cheap.
///
/// newest() takes the cheapest way for each: files of a local repository, one small http request,
/// and `git ls-remote` for what needs ssh, credentials or the user's git settings.
///
/// What a commit says is read where its objects are on this machine: in a local repository, or in
/// the copy that the first checkout made.
class GitSource final : public Source, public CommitLog {
 public:
  explicit GitSource(Host& host) : host_(host) {}
  std::vector<Result<SourceState>> do_newest(std::span<const SourceConfig> sources,
                                             const Deadline& deadline) override;
  Result<SourceState> do_resolve(const SourceConfig& source, std::string_view revision,
                                 const Deadline& deadline) override;
  Result<> do_checkout(const SourceConfig& source, std::string_view revision,
                       const std::filesystem::path& into, const Deadline& deadline) override;
  /// Several at a time. Repositories that are not in the cache yet come over http in a few
  /// requests, where the server allows it.
  std::vector<Result<>> do_checkout_all(std::span<const CheckoutRequest> requests,
                                        const Deadline& deadline) override;
  std::vector<std::optional<Commit>> do_known(std::span<const CommitQuestion> questions,
                                              const Deadline& deadline) override;
  Result<CommitRange> do_between(const SourceConfig& source, std::string_view from,
                                 std::string_view to, std::size_t most,
                                 const Deadline& deadline) override;

 private:
  [[nodiscard]] std::filesystem::path base() const;
  [[nodiscard]] std::filesystem::path cache() const { return host_.home() / "cache" / "git"; }

  Host& host_;
  /// Of repositories that newest() listed over http and that are not in the cache, by address:
  /// their first fetch needs it.
  std::map<std::string, std::vector<Ref>> listings_;
};

}  // namespace cdctl::git
