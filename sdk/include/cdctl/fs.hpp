#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <cdctl/error.hpp>

namespace cdctl {

/// An open file descriptor, closed with the object.
class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd& operator=(Fd&& other) noexcept {
    if (this != &other) {
      reset();
      fd_ = std::exchange(other.fd_, -1);
    }
    return *this;
  }
  ~Fd() { reset(); }
  [[nodiscard]] int get() const { return fd_; }
  [[nodiscard]] bool valid() const { return fd_ >= 0; }
  int release() { return std::exchange(fd_, -1); }
  void reset();

 private:
  int fd_ = -1;
};

/// Opens a file of somebody else's for reading, and waits for nobody. Anything but a regular file
/// is an error: a FIFO or a device may never end, or do something when it is opened.
[[nodiscard]] Result<Fd> open_regular_file(const std::filesystem::path& path);
/// Reads a whole file; more than `most` bytes is an error, and costs no memory. Exit code `failed`;
/// what() names the file and the reason.
[[nodiscard]] Result<std::string> read_file(const std::filesystem::path& path,
                                            std::size_t most = 64u << 20);
/// Like read_file, but an absent file is an empty optional.
[[nodiscard]] Result<std::optional<std::string>> read_file_if_there(
    const std::filesystem::path& path);
/// Writes beside the target, fsyncs, renames over it and fsyncs the folder: the file is the old or
/// the new one, never half. `mode` 0600 for what holds a secret.
[[nodiscard]] Result<> write_file_atomically(const std::filesystem::path& path,
                                             std::string_view bytes, unsigned mode = 0644);
/// Creates the folder and its parents with `mode` (0700 for what holds secrets).
[[nodiscard]] Result<> make_directories(const std::filesystem::path& path, unsigned mode = 0755);
/// Removes a tree; absent is fine. Never follows a symlink out of it.
[[nodiscard]] Result<> remove_tree(const std::filesystem::path& path);
/// All of `bytes`; EINTR is not an end. False, with errno, when it could not.
[[nodiscard]] bool write_all(int fd, std::string_view bytes);
/// `strerror` for a message.
[[nodiscard]] std::string errno_text(int error);

}  // namespace cdctl
