#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <cdctl/time.hpp>

namespace cdctl::git {

/// What an annotated tag says, its headers and its trailers: the lines `Name: value` of its last
/// paragraph above the signature. All of it is signed, where it is signed.
struct TagText {
  std::string object, type;
  std::optional<Time> at;
  bool ssh_signed = false;
  std::vector<std::pair<std::string, std::string>> trailers;

  /// The first trailer of this name; empty where there is none.
  [[nodiscard]] std::string_view trailer(std::string_view name) const;
};
[[nodiscard]] TagText parse_tag(std::string_view raw);

/// A review: what is voted on which proposal of which target. The words of the reviewer come first.
[[nodiscard]] std::string review_message(std::string_view target, std::string_view topic,
                                         std::string_view value, std::string_view comment);

/// Who signed, by what `git verify-tag` says of a good signature: the principal of the
/// allowed-signers file. Empty where it says no such thing.
[[nodiscard]] std::string good_signer(std::string_view said);

}  // namespace cdctl::git
