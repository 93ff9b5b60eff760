#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <string>

#include <cdctl/error.hpp>
#include <cdctl/host.hpp>
#include <cdctl/target.hpp>
#include <cdctl/time.hpp>

#include "plugins/bzr/bzr_address.hpp"

namespace cdctl::bzr {

/// The branch of reviews (`bzr.reviews`): what is said of proposals, in files. Everybody who may
/// review commits to it; what counts there is signed.
///
///     trunk/fix/bob@example.com    a review
///     trunk/fix.after              what the proposal comes after
///     trunk/fix.land               what became of it, for its author
class ReviewBranch {
 public:
  /// Exit code `config` where the target names none, or an address that cannot be used.
  [[nodiscard]] static Result<ReviewBranch> of(const Host& host, const TargetConfig& target);
  [[nodiscard]] static bool named(const TargetConfig& target);

  /// All of its files, by their path. None where there is no such branch yet.
  [[nodiscard]] Result<std::map<std::string, std::string>> read(const Deadline& deadline) const;
  /// Lets `edit` change files in a checkout, and commits that: again, where somebody else was
  /// faster. `edit` says whether it changed anything, and writes to `file` alone. A branch that is
  /// not there is made. What others have committed there and is no file (links), or keeps that one
  /// from being written, goes with the change.
  [[nodiscard]] Result<bool> change(
      const std::function<Result<bool>(const std::filesystem::path&)>& edit,
      const std::string& message, const std::string& who, const Deadline& deadline,
      const std::string& file = {}) const;

  /// Where what is said of a proposal is, in a checkout.
  [[nodiscard]] static std::string folder(const TargetConfig& target, const std::string& topic) {
    return target.branch + "/" + topic;
  }

 private:
  ReviewBranch(Address address, std::filesystem::path scratch)
      : address_(std::move(address)), scratch_(std::move(scratch)) {}
  [[nodiscard]] Result<> check_out(const std::filesystem::path& into, const std::string& file,
                                   const Deadline& deadline) const;

  Address address_;
  std::filesystem::path scratch_;
};

}  // namespace cdctl::bzr
