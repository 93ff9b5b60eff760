#pragma once

#include <filesystem>
#include <optional>

#include <cdctl/error.hpp>
#include <cdctl/fs.hpp>
#include <cdctl/time.hpp>

namespace cdctl {

/// An exclusive flock on a file, released with the object (or with the process, however it ends).
class FileLock {
 public:
  /// Empty when it is still held by someone else at the deadline. The file is created when absent.
  [[nodiscard]] static Result<std::optional<FileLock>> acquire(const std::filesystem::path& path,
                                                               const Deadline& deadline);
  /// Whether someone holds it now; false when the file is absent.
  [[nodiscard]] static bool held(const std::filesystem::path& path);
  [[nodiscard]] int fd() const { return fd_.get(); }

 private:
  Fd fd_;
};

/// A file lock that belongs to an open file (fcntl F_OFD_SETLK): it goes with the object, or with
/// the process however that ends. Unlike flock it can be asked about without being taken, so that
/// an observer never gets in anybody's way.
class OfdLock {
 public:
  enum class Kind { shared, exclusive };

  /// Empty when someone else still holds it at the deadline. The file is created (0600) when
  /// absent.
  [[nodiscard]] static Result<std::optional<OfdLock>> acquire(const std::filesystem::path& path,
                                                              const Deadline& deadline,
                                                              Kind kind = Kind::exclusive);
  /// Whether someone holds `name` in the open folder; false when it is absent. Exit code `unknown`
  /// when it cannot be read.
  [[nodiscard]] static Result<bool> held(int folder, const char* name);
  /// Whether `path` is still the file that this object locked: its folder may have been removed
  /// while we waited.
  [[nodiscard]] bool still_at(const std::filesystem::path& path) const;
  [[nodiscard]] int fd() const { return fd_.get(); }

 private:
  Fd fd_;
};

}  // namespace cdctl
