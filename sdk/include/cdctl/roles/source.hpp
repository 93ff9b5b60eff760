#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include <cdctl/config.hpp>
#include <cdctl/guarded.hpp>
#include <cdctl/source.hpp>
#include <cdctl/time.hpp>

namespace cdctl {

/// One checkout among many.
struct CheckoutRequest {
  SourceConfig source;
  std::string revision;
  std::filesystem::path into;  ///< absent or empty before; its parent exists
};

class Source {
 public:
  virtual ~Source() = default;
  /// The newest revision of each, many at once, answers in the order asked. One that cannot be read
  /// has its own error (exit code `unknown`; Reason::of_source when its text says which source it
  /// is) and does not hurt the others.
  [[nodiscard]] std::vector<Result<SourceState>> newest(std::span<const SourceConfig> sources,
                                                        const Deadline& deadline) {
    return guarded_each(sources.size(), [&] { return do_newest(sources, deadline); });
  }
  /// A full revision for what a person gave with --source trunk=REV (a short commit id, a tag, a
  /// branch).
  [[nodiscard]] Result<SourceState> resolve(const SourceConfig& source, std::string_view revision,
                                            const Deadline& deadline) {
    return guarded([&] { return do_resolve(source, revision, deadline); });
  }
  /// A writable checkout of exactly `revision` in `into` (absent or empty before; its parent
  /// exists).
  [[nodiscard]] Result<> checkout(const SourceConfig& source, std::string_view revision,
                                  const std::filesystem::path& into, const Deadline& deadline) {
    return guarded([&] { return do_checkout(source, revision, into, deadline); });
  }
  /// Many checkouts at once, answers in the order asked; one that fails does not hurt the others. A
  /// source that can work on several at a time does.
  [[nodiscard]] std::vector<Result<>> checkout_all(std::span<const CheckoutRequest> requests,
                                                   const Deadline& deadline) {
    return guarded_each(requests.size(), [&] { return do_checkout_all(requests, deadline); });
  }

 protected:
  [[nodiscard]] virtual std::vector<Result<SourceState>> do_newest(
      std::span<const SourceConfig> sources, const Deadline& deadline) = 0;
  [[nodiscard]] virtual Result<SourceState> do_resolve(const SourceConfig& source,
                                                       std::string_view revision,
                                                       const Deadline& deadline) = 0;
  [[nodiscard]] virtual Result<> do_checkout(const SourceConfig& source, std::string_view revision,
                                             const std::filesystem::path& into,
                                             const Deadline& deadline) = 0;
  [[nodiscard]] virtual std::vector<Result<>> do_checkout_all(
      std::span<const CheckoutRequest> requests, const Deadline& deadline) {
    std::vector<Result<>> out;
    for (const auto& request : requests)
      out.push_back(do_checkout(request.source, request.revision, request.into, deadline));
    return out;
  }
};

}  // namespace cdctl
