#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include <cdctl/error.hpp>

namespace cdctl::bzr {

/// A checked address of a branch.
struct Address {
  bool local = false;
  std::string url;  ///< safe as an argument after `--`; a local one is an absolute path
};

/// Checks what stands in the configuration or in a collect file: a path (relative to `base`),
/// `file:///path`, `lp:…`, or an address of bzr, bzr+ssh, bzr+http, bzr+https, http, https or sftp,
/// also behind `nosmart+`. Exit code `config`; the text never holds a password, and a password in
/// an address is itself an error.
[[nodiscard]] Result<Address> parse_address(std::string_view text,
                                            const std::filesystem::path& base);

/// A revision-id that can be asked for: no blanks, no control characters, and no `..`, where brz
/// would begin to read another revision, of another branch even.
[[nodiscard]] bool valid_revision_id(std::string_view text);

/// The revision as brz's `--revision` takes it, from what a person wrote: a revno (`12`, `1.2.3`),
/// `revid:ID`, a bare revision-id, or a tag. Nothing in it can name another branch, or a range.
/// Exit code `usage`.
[[nodiscard]] Result<std::string> revision_spec(std::string_view text);

}  // namespace cdctl::bzr
