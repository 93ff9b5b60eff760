#pragma once

#include <cdctl/host.hpp>
#include <cdctl/roles.hpp>
#include <cdctl/roles/commit_log.hpp>
#include <cdctl/source.hpp>

namespace cdctl::bzr {

/// Sources of kind `bzr`, through brz (Breezy). No options beside the address. A revision is a
/// revision-id; its `number` is the revno of the branch's main line.
///
/// brz is a Python program that takes its time to start, so what a branch on this machine says is
/// read from its files, and others are asked several at a time. A checkout is a lightweight one:
/// the tree at one revision and a reference to its branch, without history.
class BzrSource final : public Source, public CommitLog {
 public:
  explicit BzrSource(Host& host) : host_(host) {}
  std::vector<Result<SourceState>> do_newest(std::span<const SourceConfig> sources,
                                             const Deadline& deadline) override;
  /// `revision`: a revno, a revision-id (also as `revid:ID`), or a tag.
  Result<SourceState> do_resolve(const SourceConfig& source, std::string_view revision,
                                 const Deadline& deadline) override;
  Result<> do_checkout(const SourceConfig& source, std::string_view revision,
                       const std::filesystem::path& into, const Deadline& deadline) override;
  std::vector<Result<>> do_checkout_all(std::span<const CheckoutRequest> requests,
                                        const Deadline& deadline) override;
  /// Of branches on this machine alone.
  std::vector<std::optional<Commit>> do_known(std::span<const CommitQuestion> questions,
                                              const Deadline& deadline) override;
  /// Those of the main line.
  Result<CommitRange> do_between(const SourceConfig& source, std::string_view from,
                                 std::string_view to, std::size_t most,
                                 const Deadline& deadline) override;

 private:
  [[nodiscard]] std::filesystem::path base() const { return host_.config().file.parent_path(); }

  Host& host_;
};

}  // namespace cdctl::bzr
