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

/// Where a key may stand: `cdctl.toml`, a file of services.d, or both (a service's own key under
/// [defaults] holds for all services; a plugin has a table in either file); or a file of targets.d.
enum class KeyPlace { file, service, both, target };

/// A key of the configuration: what the loader takes, `config` shows, checks and explains, and
/// completion offers. A plugin has a row for its table, and one for each key in it.
struct KeyRow {
  KeyPlace place = KeyPlace::file;
  std::string_view name = {};       ///< whole: `reaper.keep`; `*` is a name that people choose
  std::string_view type = {};       ///< text, word, address, addresses (one or a list), file,
                                    ///< duration, count, flag, list, table, share
  std::string_view otherwise = {};  ///< what holds without it, for people; empty = nothing
  std::string_view example = {};    ///< a TOML value
  std::string_view commands = {};   ///< which obey it
  std::string_view meaning = {};
  std::string_view shapes = {};  ///< of a service: the name of its value in the identity of a
                                 ///< revision, so that an edit is one; empty = it is not
};

}  // namespace plugin
}  // namespace cdctl
