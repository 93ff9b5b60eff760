#pragma once

#include <span>
#include <string_view>

#include <cdctl/args.hpp>

namespace cdctl {

class Host;

namespace plugin {

/// An option of a command. The command line, help, the manual and completion come from these rows:
/// the front end's own, a plugin's, and what a plugin's manifest tells of them are of this one
/// type. The name of a value says what it is, and completion goes by it: FILE and FOLDER, SET,
/// SERVICE, SELECTOR, SOURCE, RULE; others are free text.
struct OptionRow {
  std::string_view name = {};   ///< the long name, without dashes
  std::string_view value = {};  ///< the name of its value; empty for a flag
  std::string_view help = {};
  bool repeatable = false;
  bool value_optional = false;    ///< `--follow` and `--follow=NAME`
  char letter = 0;                ///< `-s`; 0 = none
  std::string_view choices = {};  ///< the values it can have, separated by blanks; empty = any
};

/// A command of a plugin's own group: `cdctl rabbit users`. Rows that a manifest tells cannot be
/// run; those of the library that it is about can.
struct CommandRow {
  std::string_view name = {};
  std::string_view arguments = {};  ///< `SPEC [WORKSPACE]`: `[X]` optional, `X…` many
  std::string_view summary = {};
  std::string_view examples = {};  ///< lines, each a command
  std::span<const OptionRow> options = {};
  /// Returns the exit code. Records go through `arguments.write`.
  int (*run)(Host& host, const CommandArguments& arguments) noexcept = nullptr;
};

}  // namespace plugin
}  // namespace cdctl
