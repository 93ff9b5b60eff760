#include "plugins/mojo/spec/procfile.hpp"

#include <algorithm>

#include <fmt/format.h>

#include <cdctl/text.hpp>

namespace cdctl::mojo {

std::vector<ProcfileEntry> parse_procfile(std::string_view text, const std::string& file,
                                          std::vector<Problem>& problems) {
  std::vector<ProcfileEntry> entries;
  const auto before = problems.size();
  for (const auto& line : split_lines(text, file, problems)) {
    const auto content = trimmed(line.text);
    if (content.empty() || content.front() == '#') continue;
    const auto wrong = [&](std::string what) {
      problems.push_back({file, line.number, 0, std::move(what)});
    };
    const auto colon = content.find(':');
    if (colon == std::string_view::npos) {
      wrong("not of the form `type: command`");
      continue;
    }
    const auto type = trimmed(content.substr(0, colon));
    const auto command = trimmed(content.substr(colon + 1));
    if (!valid_word(type))
      wrong(fmt::format("'{}' is no process type; use small letters, digits and single dashes",
                        printable(type, 60)));
    else if (command.empty())
      wrong(fmt::format("{} has no command", type));
    else if (std::ranges::find(entries, type, &ProcfileEntry::type) != entries.end())
      wrong(fmt::format("{} is there twice", type));
    else
      entries.push_back({std::string(type), std::string(command)});
  }
  if (entries.empty() && problems.size() == before)
    problems.push_back({file, 0, 0, "it has no `type: command` line"});
  return entries;
}

std::string take_release(std::vector<ProcfileEntry>& entries) {
  const auto at = std::ranges::find(entries, k_release, &ProcfileEntry::type);
  if (at == entries.end()) return {};
  auto command = std::move(at->command);
  entries.erase(at);
  return command;
}

Result<> check_no_release(const std::map<std::string, std::int64_t>& units) {
  if (!units.contains(k_release)) return {};
  return fail(ExitCode::config,
              fmt::format("units names {}, which is no unit: a revision runs it once, before its "
                          "units; take it out",
                          k_release));
}

std::string process_types(const std::vector<ProcfileEntry>& entries) {
  std::vector<std::string> types;
  for (const auto& entry : entries) types.push_back(entry.type);
  return joined(types);
}

Result<std::vector<Process>> count_units(const std::vector<ProcfileEntry>& entries,
                                         const std::map<std::string, std::int64_t>& units,
                                         const std::string& file) {
  CDCTL_TRY(check_no_release(units));
  for (const auto& [type, count] : units) {
    if (std::ranges::find(entries, type, &ProcfileEntry::type) != entries.end()) continue;
    return fail(ExitCode::config, fmt::format("units wants {} of '{}', but {} has only {}", count,
                                              printable(type, 60), file, process_types(entries)));
  }
  std::vector<Process> processes;
  for (const auto& entry : entries) {
    const auto at = units.find(entry.type);
    const auto count = units.empty() ? 1 : at == units.end() ? 0 : at->second;
    if (count > 0) processes.push_back({entry.type, entry.command, count});
  }
  if (processes.empty())
    return fail(ExitCode::config,
                fmt::format("units wants no process of {}: nothing would run", file));
  return processes;
}

}  // namespace cdctl::mojo
