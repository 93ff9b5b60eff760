#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>

#include <cdctl/rows.hpp>

namespace cdctl::forges {

/// A text that a template can be given.
template <std::size_t size>
struct Text {
  char chars[size]{};
  consteval Text(const char (&text)[size]) { std::copy_n(text, size, chars); }
  [[nodiscard]] constexpr std::string_view view() const { return {chars, size - 1}; }
};

template <Text... parts>
struct Joined {
  static constexpr auto make() {
    std::array<char, (parts.view().size() + ...)> out{};
    auto* at = out.data();
    ((at = std::ranges::copy(parts.view(), at).out), ...);
    return out;
  }
  static constexpr auto chars = make();
};
template <Text... parts>
inline constexpr std::string_view joined{Joined<parts...>::chars.data(),
                                         Joined<parts...>::chars.size()};

/// What the keys of one kind of server say in words of its own.
struct KeyWords {
  std::string_view meaning, in_common;  ///< of the table of a target; of that for all of them
  std::string_view repository, repository_meaning;
  std::string_view reviewers, reviewers_otherwise, reviewers_meaning;
  std::string_view api, api_meaning;
  std::string_view token_env, token_command;
};

/// The keys of such a table in a target's file; those of the server may stand in cdctl.toml, for
/// all.
template <Text table>
consteval std::array<plugin::KeyRow, 12> key_rows(const KeyWords& words) {
  using plugin::KeyRow;
  using enum plugin::KeyPlace;
  constexpr std::string_view all = "proposals propose review land";
  constexpr auto name = table.view();
  constexpr auto token = joined<"\"", table, ".token\"">;
  constexpr auto example = joined<"{ token_file = \"", table, ".token\" }">;
  constexpr auto api = joined<table, ".api">, file_key = joined<table, ".token_file">,
                 env = joined<table, ".token_env">, command = joined<table, ".token_command">;
  return {
      KeyRow{target, name, "table", "", example, all, words.meaning},
      KeyRow{target, joined<table, ".repository">, "text", "the path of the target's repository",
             words.repository, all, words.repository_meaning},
      KeyRow{target, joined<table, ".reviewers">, "list", words.reviewers_otherwise,
             words.reviewers, "proposals", words.reviewers_meaning},
      KeyRow{target, api, "address", "by the repository's host", words.api, all, words.api_meaning},
      KeyRow{target, file_key, "file", "", token, all, "A file of mode 0600 with a token"},
      KeyRow{target, env, "text", "", words.token_env, all,
             "The environment variable with a token"},
      KeyRow{target, command, "list", "", words.token_command, all,
             "A program, without a shell, that prints a token"},
      KeyRow{file, name, "table", "", example, all, words.in_common},
      KeyRow{file, api, "address", "by the repository's host", words.api, all,
             "The API, of targets that name none"},
      KeyRow{file, file_key, "file", "", token, all,
             "A file of mode 0600 with a token, for targets that name none"},
      KeyRow{file, env, "text", "", words.token_env, all,
             "The environment variable with a token, for targets that name none"},
      KeyRow{file, command, "list", "", words.token_command, all,
             "A program, without a shell, that prints a token, for targets that name none"},
  };
}

}  // namespace cdctl::forges
