#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace cdctl::land {

/// What a file of reviewers says, as an allowed-signers file of ssh-keygen: how many lines let
/// somebody vote, and which ones let nobody.
struct SignersSeen {
  struct Fault {
    std::size_t line = 0;
    std::string what;
  };
  std::size_t good = 0;
  std::vector<Fault> faults;
};

/// A line without a key, or with one that was cut off, is nobody's: ssh-keygen passes over it
/// without a word. Names that are patterns are no faults, and count as nobody.
[[nodiscard]] SignersSeen look_at_signers(std::string_view text);

}  // namespace cdctl::land
