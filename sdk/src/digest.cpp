#include <cdctl/digest.hpp>

#include <array>
#include <cerrno>
#include <cstdint>
#include <vector>

#include <fmt/format.h>
#include <sha2.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cdctl/fs.hpp>

namespace cdctl {

namespace {

std::string to_hex(const unsigned char* bytes, std::size_t count) {
  std::string out;
  out.reserve(count * 2);
  for (std::size_t i = 0; i < count; ++i) {
    constexpr std::string_view digits = "0123456789abcdef";
    out += digits[bytes[i] >> 4];
    out += digits[bytes[i] & 15];
  }
  return out;
}

class Sha256 {
 public:
  Sha256() { SHA256Init(&context_); }
  void add(std::string_view bytes) {
    SHA256Update(&context_, reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
  }
  [[nodiscard]] std::string hex() {
    std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
    SHA256Final(digest.data(), &context_);
    return to_hex(digest.data(), digest.size());
  }

 private:
  SHA2_CTX context_;
};

}  // namespace

std::string sha256_hex(std::string_view bytes) {
  Sha256 digest;
  digest.add(bytes);
  return digest.hex();
}

Result<std::string> sha256_of_file(const std::filesystem::path& path, std::size_t most) {
  CDCTL_TRY_ASSIGN(const auto fd, open_regular_file(path));
  const auto trouble = [&](std::string_view why) {
    return fail(fmt::format("reading {}: {}", path.string(), why));
  };
  const auto too_large = [&] { return trouble(fmt::format("larger than {} bytes", most)); };
  struct stat info{};
  if (::fstat(fd.get(), &info) == 0 && info.st_size > static_cast<off_t>(most)) return too_large();
  Sha256 digest;
  std::array<char, 1 << 16> piece{};
  for (std::size_t read = 0;;) {
    const auto got = ::read(fd.get(), piece.data(), piece.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return trouble(errno_text(errno));
    if (got == 0) return digest.hex();
    digest.add({piece.data(), static_cast<std::size_t>(got)});
    read += static_cast<std::size_t>(got);
    if (read > most) return too_large();
  }
}

std::string random_hex(std::size_t bytes) {
  std::vector<unsigned char> raw(bytes);
  std::size_t have = 0;
  while (have < bytes) {
    const auto got = getrandom(raw.data() + have, bytes - have, 0);
    if (got > 0) have += static_cast<std::size_t>(got);
  }
  return to_hex(raw.data(), raw.size());
}

}  // namespace cdctl
