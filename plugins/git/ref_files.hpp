#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <cdctl/error.hpp>

#include "plugins/git/refs.hpp"

namespace cdctl::git {

/// Where a local repository keeps its data. For a linked work tree the two differ.
struct GitDir {
  std::filesystem::path own;     ///< holds HEAD
  std::filesystem::path common;  ///< holds refs and packed-refs
};

/// Finds the repository at `path`, bare or not, a linked work tree or a submodule included. Exit
/// code `unknown` when there is nothing at the path, no repository, or no permission.
[[nodiscard]] Result<GitDir> find_git_dir(const std::filesystem::path& path);

/// What reading the ref files said.
struct LocalAnswer {
  std::string commit;   ///< filled when the files say it all
  std::string ask_git;  ///< else, when filled: let git resolve this expression (reftable, a tag to
                        ///< peel, an oddity)
};

/// Reads the files of refs directly (30 µs; starting git costs 1 to 4 ms). Exit code `unknown` when
/// the ref is not there.
[[nodiscard]] Result<LocalAnswer> read_local(const GitDir& repository, const Want& want);

/// The branches and tags of a bare repository of ours, from its files, by name; `peeled` is filled
/// where packed-refs tells it. Exit code `unknown` when the files say something that only git can
/// tell.
[[nodiscard]] Result<std::vector<Ref>> list_refs(const std::filesystem::path& repository);

/// The refs that fit one of these patterns, of a repository that others may be writing to, from its
/// files. Exit code `unknown` when the files say something that only git can tell.
[[nodiscard]] Result<std::map<std::string, std::string>> refs_in(
    const std::filesystem::path& repository, const std::vector<std::string>& patterns);

/// Whether a name fits one of these patterns.
[[nodiscard]] bool fits_one(const std::vector<std::string>& patterns, std::string_view name);

/// The id of a ref of ours by its whole name, from its files; empty when it is nowhere. Exit code
/// `unknown` when only git can tell.
[[nodiscard]] Result<std::string> read_ref(const std::filesystem::path& repository,
                                           const std::string& name);

/// Where HEAD of a bare repository points: `refs/heads/main`; empty when it is detached or cannot
/// be read.
[[nodiscard]] std::string head_target(const std::filesystem::path& repository);

/// What a packed-refs file says of itself.
struct PackedFile {
  bool fully_peeled = false;  ///< a ref without a peeled line is no annotated tag
  bool odd = false;           ///< it holds a line that is not a ref: only git can tell
};
/// Reads one, each ref with its peeled line.
[[nodiscard]] PackedFile read_packed_refs(std::string_view text, const TakeRef& take);

/// And all of its refs by name.
struct PackedRefs : PackedFile {
  std::map<std::string, Ref, std::less<>> refs;
};
[[nodiscard]] PackedRefs parse_packed_refs(std::string_view text);
/// The text of a packed-refs file.
[[nodiscard]] std::string print_packed_refs(std::vector<Ref> refs);

/// Writes a file of a repository that nobody reads before it is whole; it must not be there.
[[nodiscard]] Result<> write_new(const std::filesystem::path& path, std::string_view bytes,
                                 unsigned mode = 0644);

/// A value for a git config file, in quotes.
[[nodiscard]] std::string config_quoted(std::string_view value);

}  // namespace cdctl::git
