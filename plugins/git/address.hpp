#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include <cdctl/error.hpp>

namespace cdctl::git {

/// How a repository is reached. Anything else that git could do (`ext::`, `git://`, remote helpers)
/// is refused.
enum class Transport { local, http, ssh };

/// A checked address of a repository.
struct Address {
  Transport transport = Transport::local;
  std::string url;        ///< safe as git's argument, after `--`; a local one is an absolute path
  bool has_user = false;  ///< an http address that names a user: needs git's credential helpers
};

/// Checks what stands in the configuration. A relative path is one from `base`. Exit code `config`;
/// the text never holds a password, and a password in an address is itself an error (secrets are
/// never values).
[[nodiscard]] Result<Address> parse_address(std::string_view text,
                                            const std::filesystem::path& base);

/// The same for a file, from which people copy: without the user of an http address, which is where
/// tokens are put.
[[nodiscard]] std::string without_user(const std::string& url);

/// The rules of `git check-ref-format` for a branch or tag name, and no leading dash.
[[nodiscard]] bool valid_ref_name(std::string_view name);
/// The same for a tag pattern, in which `*` and `?` are allowed.
[[nodiscard]] bool valid_ref_pattern(std::string_view pattern);
/// 40 or 64 lower-case hex digits.
[[nodiscard]] bool valid_commit_id(std::string_view text);

}  // namespace cdctl::git
