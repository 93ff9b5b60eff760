#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <cdctl/error.hpp>
#include <cdctl/time.hpp>

namespace cdctl::mojo {

/// One entry of a spec's tree.
struct TreeEntry {
  enum class Kind { file, folder, link, other };

  std::string path;  ///< relative to the spec
  Kind kind = Kind::other;
  std::string link;      ///< of a link: as it is written
  std::string target;    ///< of a link that ends inside the spec: where, relative to it; else empty
  bool dead = false;     ///< of a link: it leads to nothing, or round in a circle
  bool to_file = false;  ///< a file, or a link to one inside the spec

  [[nodiscard]] std::string_view name() const {
    return std::string_view(path).substr(path.rfind('/') + 1);
  }
  /// The folder it is in; empty at the top.
  [[nodiscard]] std::string folder() const;
};

/// All entries of a spec, but for the folders of version control. Links are not walked through.
class SpecTree {
 public:
  /// Exit codes `config` when the folder cannot be read or holds more than k_most_entries;
  /// `timeout`; or that of a signal to us.
  [[nodiscard]] static Result<SpecTree> read(const std::filesystem::path& spec,
                                             const Deadline& deadline);

  /// Sorted by path.
  [[nodiscard]] const std::vector<TreeEntry>& entries() const { return entries_; }
  /// The places of the entries with this name.
  [[nodiscard]] const std::vector<std::size_t>& named(std::string_view name) const;
  /// nullptr when there is no such entry.
  [[nodiscard]] const TreeEntry* find(std::string_view path) const;
  /// The folders below `top` (itself left out) that hold `name`, a path like those of `config`.
  [[nodiscard]] std::vector<std::string> folders_with(std::string_view top,
                                                      std::string_view name) const;
  /// Its top, links followed.
  [[nodiscard]] const std::filesystem::path& spec() const { return spec_; }
  /// `path` with its links followed, relative to the spec (`.` for its top); empty when that is
  /// nothing or outside.
  [[nodiscard]] std::string real(const std::filesystem::path& path) const;

  static constexpr std::size_t k_most_entries = 200'000;

 private:
  Result<> walk(const std::string& folder, const Deadline& deadline);
  void add(const std::filesystem::directory_entry& entry, const std::string& folder);

  std::filesystem::path spec_;
  std::vector<TreeEntry> entries_;
  std::unordered_map<std::string, std::vector<std::size_t>> by_name_;
};

/// Exit code `timeout`, or that of a signal to us, when lint must end now.
[[nodiscard]] Result<> may_go_on(const Deadline& deadline);

}  // namespace cdctl::mojo
