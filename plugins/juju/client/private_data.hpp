#pragma once

#include <filesystem>
#include <string_view>
#include <utility>

#include <cdctl/error.hpp>

namespace cdctl::juju {

/// An empty folder for files that one action hands to juju, 0700, removed with the object; where a
/// snap of juju sees it. What a killed cdctl leaves is swept like a copy of the data folder.
class PrivateFolder {
 public:
  [[nodiscard]] static Result<PrivateFolder> make(const std::filesystem::path& parent);
  PrivateFolder(PrivateFolder&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  PrivateFolder& operator=(PrivateFolder&&) = delete;
  ~PrivateFolder();
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  /// A new file in it, 0600. `name` is one of ours.
  [[nodiscard]] Result<std::filesystem::path> write(std::string_view name,
                                                    std::string_view bytes) const;

 private:
  explicit PrivateFolder(std::filesystem::path path) : path_(std::move(path)) {}
  std::filesystem::path path_;
};

/// A copy of Juju's data folder for one call, 0700, removed with the object. Juju takes one lock a
/// folder, many times a command, so two calls in one folder disturb each other and whoever works by
/// hand. What a call writes is dropped with it.
///
/// Not copied: the cache of model names (a client without one asks the controller, and never takes
/// a name for the uuid that had it once), aliases (they can redefine a command), keys, and cloud
/// credentials unless they are asked for (no question needs them).
class PrivateData {
 public:
  /// `credentials`: with those of the clouds. Exit code `config` when `from` is not a Juju
  /// data folder: an empty one makes juju fetch lists of public clouds.
  [[nodiscard]] static Result<PrivateData> make(const std::filesystem::path& from,
                                                const std::filesystem::path& parent,
                                                bool credentials = false);
  [[nodiscard]] const std::filesystem::path& path() const { return folder_.path(); }
  /// A temporary folder inside it, for juju's lock files: it leaves one for each data folder it
  /// ever saw.
  [[nodiscard]] std::filesystem::path scratch() const { return path() / "tmp"; }

 private:
  explicit PrivateData(PrivateFolder folder) : folder_(std::move(folder)) {}
  PrivateFolder folder_;
};

/// Removes copies in `parent` that a killed cdctl left more than an hour ago; no call lasts so
/// long.
void sweep_private_data(const std::filesystem::path& parent);

}  // namespace cdctl::juju
