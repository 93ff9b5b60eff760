#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <cdctl/error.hpp>
#include <cdctl/roles.hpp>

#include "plugins/mojo/text/text_lines.hpp"

namespace cdctl::mojo {

struct ProcfileEntry {
  std::string type;
  std::string command;
};

/// Reads `type: command` lines; blank lines and lines that start with # are skipped. Problems go to
/// `problems`; a file without an entry is one too.
[[nodiscard]] std::vector<ProcfileEntry> parse_procfile(std::string_view text,
                                                        const std::string& file,
                                                        std::vector<Problem>& problems);

/// Takes the command out that a revision runs once, before its units: it is no process of them.
/// Empty where there is none.
[[nodiscard]] std::string take_release(std::vector<ProcfileEntry>& entries);

/// That `units` does not name it. Exit code `config`.
[[nodiscard]] Result<> check_no_release(const std::map<std::string, std::int64_t>& units);

/// The types of all entries, for a message: `web, worker`.
[[nodiscard]] std::string process_types(const std::vector<ProcfileEntry>& entries);

/// Gives each type its count: 1 each without `units`; else what `units` says, and 0 for the others.
/// Exit code `config` when `units` names a type that is not there, or nothing would run.
[[nodiscard]] Result<std::vector<Process>> count_units(
    const std::vector<ProcfileEntry>& entries, const std::map<std::string, std::int64_t>& units,
    const std::string& file);

}  // namespace cdctl::mojo
