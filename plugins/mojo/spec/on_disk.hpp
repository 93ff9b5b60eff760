#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include <cdctl/host.hpp>
#include <cdctl/time.hpp>

namespace cdctl::mojo {

/// A spec to look at: a folder as it is, the folder of a manifest, or a checkout that goes away
/// with the object.
class SpecOnDisk {
 public:
  /// `text` as for parse_spec_address, or the path of a manifest. Exit code `usage` when it is
  /// empty.
  [[nodiscard]] static Result<SpecOnDisk> open(Host& host, std::string_view text,
                                               const Deadline& deadline);
  SpecOnDisk(SpecOnDisk&& other) noexcept;
  SpecOnDisk& operator=(SpecOnDisk&&) = delete;
  ~SpecOnDisk();

  [[nodiscard]] const std::filesystem::path& folder() const { return folder_; }
  /// The manifest that `text` named; empty when it named a spec.
  [[nodiscard]] const std::string& manifest() const { return manifest_; }
  /// Whether the folder is the user's own, and not a checkout.
  [[nodiscard]] bool in_place() const { return temporary_.empty(); }

 private:
  SpecOnDisk() = default;
  std::filesystem::path folder_, temporary_;
  std::string manifest_;
};

}  // namespace cdctl::mojo
