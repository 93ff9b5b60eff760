#pragma once

#include <filesystem>
#include <optional>
#include <utility>

#include <cdctl/error.hpp>
#include <cdctl/lock.hpp>

namespace cdctl::land {

/// A folder for one test, `land/work/…` in the home: gone with this object, and those of processes
/// that were killed go when the next is made.
class Workspace {
 public:
  [[nodiscard]] static Result<Workspace> make(const std::filesystem::path& folder);
  Workspace(Workspace&& other) noexcept
      : path_(std::exchange(other.path_, {})), lock_(std::exchange(other.lock_, {})) {}
  Workspace& operator=(Workspace&&) = delete;
  ~Workspace();
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  Workspace(std::filesystem::path path, FileLock lock)
      : path_(std::move(path)), lock_(std::move(lock)) {}

  std::filesystem::path path_;
  std::optional<FileLock> lock_;
};

}  // namespace cdctl::land
