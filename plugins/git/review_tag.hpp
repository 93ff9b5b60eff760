#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <cdctl/time.hpp>

namespace cdctl::git {

/// What an annotated tag says, its headers and its trailers: the lines `Name: value` of its last
/// paragraph above the signature. All of it is signed, where it is signed.
struct TagText {
  enum class Signature { none, ssh, openpgp };
  std::string object, type;
  std::optional<Time> at;
  Signature signature = Signature::none;
  std::size_t payload = 0;  ///< how many bytes of it are signed: the signature begins there
  std::vector<std::pair<std::string, std::string>> trailers;

  /// The first trailer of this name; empty where there is none.
  [[nodiscard]] std::string_view trailer(std::string_view name) const;
};
[[nodiscard]] TagText parse_tag(std::string_view raw);

/// A review: what is voted on which proposal of which target, in which repository (its
/// repository_name()). The words of the reviewer come first.
[[nodiscard]] std::string review_message(std::string_view repository, std::string_view target,
                                         std::string_view topic, std::string_view value,
                                         std::string_view comment);

/// Who signed, by what `git verify-tag` says of a good signature: the principal of the
/// allowed-signers file. Empty where it says no such thing.
[[nodiscard]] std::string good_signer(std::string_view said);
/// The same by what gpgv says on its status file: the address of the key's user. Empty where not
/// one good signature of a key that still counts is all that it tells of.
[[nodiscard]] std::string good_openpgp_signer(std::string_view status);

}  // namespace cdctl::git
