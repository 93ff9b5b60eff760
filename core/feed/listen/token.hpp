#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include <cdctl/digest.hpp>

namespace cdctl::feed {

/// Whether two texts of one length are the same. Every byte of both is read, whatever they hold, so
/// that the time it takes tells nobody how much of one they have guessed.
template <class Text>
[[nodiscard]] bool same_bytes(const Text& a, const Text& b) {
  if (a.size() != b.size()) return false;
  volatile unsigned char different = 0;  // volatile: no compiler leaves the loop early
  for (std::size_t i = 0; i < a.size(); ++i)
    different = static_cast<unsigned char>(different | (a[i] ^ b[i]));
  return different == 0;
}

/// What whoever posts must know. It is compared by digests: they have one length, and to guess the
/// first bytes of one is of no use.
class Token {
 public:
  explicit Token(std::string_view token) : digest_(sha256_hex(token)) {}
  [[nodiscard]] bool is(std::string_view given) const {
    return same_bytes(sha256_hex(given), digest_);
  }

 private:
  std::string digest_;
};

}  // namespace cdctl::feed
