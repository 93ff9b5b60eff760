#pragma once

#include <cstdlib>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include <fcntl.h>
#include <unistd.h>

#include <cdctl/fs.hpp>

#include "tests/fuzz/property.hpp"

namespace cdctl::fuzz {

/// A folder of this process for readers of files, in $TMPDIR, or without that in memory: there is
/// much writing for the disk's sake. scripts/fuzz names one, and removes it, since libFuzzer ends
/// without destructors.
class Scratch {
 public:
  Scratch() {
    const bool in_memory = !std::getenv("TMPDIR") && ::access("/dev/shm", W_OK) == 0;
    const auto folder =
        in_memory ? std::filesystem::path("/dev/shm") : std::filesystem::temp_directory_path();
    auto name = (folder / "cdctl-fuzz-XXXXXX").string();
    must(::mkdtemp(name.data()) != nullptr, "a folder can be made");
    path_ = name;
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  ~Scratch() { (void)remove_tree(path_); }

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  /// A file in it, written over. Its folder is there.
  std::filesystem::path write(const std::filesystem::path& name, std::string_view text) const {
    auto path = path_ / name;
    const Fd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    must(fd.valid() && write_all(fd.get(), text), "a file can be written");
    return path;
  }

  /// The same of a file that nobody else changes: only where it has another text than the last
  /// time. A change of one of several files is then one write.
  void keep(const std::string& name, std::string_view text) {
    auto& last = last_[name];
    if (last && *last == text) return;
    (void)write(name, text);
    last = text;
  }

 private:
  std::map<std::string, std::optional<std::string>> last_;
  std::filesystem::path path_;
};

}  // namespace cdctl::fuzz
