#include "plugins/mojo/bundle/processes.hpp"

#include <algorithm>

#include <fmt/format.h>

#include <cdctl/text.hpp>

namespace cdctl::mojo {

namespace {

std::string types_of(const std::vector<ProcfileEntry>& entries) {
  std::string out;
  for (const auto& entry : entries) out += (out.empty() ? "" : ", ") + entry.type;
  return out;
}

const ProcfileEntry* find_entry(const std::vector<ProcfileEntry>& entries, std::string_view type) {
  const auto at = std::ranges::find(entries, type, &ProcfileEntry::type);
  return at == entries.end() ? nullptr : &*at;
}

/// Which entry an application means, and which application means an entry.
struct Meant {
  const ProcfileEntry* entry;
  std::string application;
  std::int64_t units;
};

Result<std::vector<Meant>> match(const Bundle& bundle, const std::vector<ProcfileEntry>& entries,
                                 std::vector<std::string>& notes) {
  std::vector<Meant> out;
  for (const auto& application : bundle.applications()) {
    const auto* annotation = application.value("annotations", k_process_annotation);
    const std::string_view type = annotation && annotation->is_scalar()
                                      ? std::string_view(annotation->text)
                                      : application.name;
    const auto* entry = find_entry(entries, type);
    if (!entry && annotation) {
      return fail(ExitCode::config,
                  annotation->place
                      .problem(fmt::format("{} of {} names {}, but the Procfile has only {}",
                                           k_process_annotation, printable(application.name, 60),
                                           annotation->shown(), types_of(entries)))
                      .str());
    }
    if (!entry) {
      notes.push_back(fmt::format("{} is left out: the Procfile has no process of that name",
                                  printable(application.name, 60)));
      continue;
    }
    if (const auto at = std::ranges::find(out, entry, &Meant::entry); at != out.end()) {
      return fail(ExitCode::config,
                  application.place
                      .problem(fmt::format(
                          "{} and {} both mean the process {}; give each its own in the Procfile",
                          at->application, application.name, entry->type))
                      .str());
    }
    out.push_back({entry, std::string(application.name), application.units.value_or(1)});
  }
  return out;
}

Result<> check_units(const std::map<std::string, std::int64_t>& units,
                     const std::vector<Meant>& meant, const std::vector<ProcfileEntry>& entries,
                     const std::string& shown, std::vector<std::string>& notes) {
  for (const auto& [type, count] : units) {
    if (!find_entry(entries, type)) {
      return fail(ExitCode::config,
                  fmt::format("units wants {} of '{}', but the Procfile has only {}", count,
                              printable(type, 60), types_of(entries)));
    }
    const bool named =
        std::ranges::any_of(meant, [&](const Meant& one) { return one.entry->type == type; });
    if (!named && count > 0)
      notes.push_back(fmt::format(
          "units wants {} of {}, but no application of {} means that process", count, type, shown));
  }
  return {};
}

}  // namespace

Result<std::vector<Process>> processes_of(const Bundle& bundle,
                                          const std::vector<ProcfileEntry>& entries,
                                          const std::map<std::string, std::int64_t>& units,
                                          const std::string& shown,
                                          std::vector<std::string>& notes) {
  CDCTL_TRY_ASSIGN(const auto meant, match(bundle, entries, notes));
  if (meant.empty()) {
    return fail(ExitCode::config,
                fmt::format("{} has no application with a process: call one like a process of the "
                            "Procfile ({}), or annotate it with {}: TYPE",
                            shown, types_of(entries), k_process_annotation));
  }
  CDCTL_TRY(check_units(units, meant, entries, shown, notes));
  std::vector<Process> processes;
  for (const auto& one : meant) {
    const auto at = units.find(one.entry->type);
    const auto count = units.empty() ? one.units : at == units.end() ? 0 : at->second;
    if (count > 0)
      processes.push_back({one.entry->type, one.entry->command, count});
    else
      notes.push_back(fmt::format("{} is not run: its count is 0", one.application));
  }
  if (processes.empty())
    return fail(ExitCode::config,
                fmt::format("{}: every application's count is 0, so nothing would run", shown));
  return processes;
}

}  // namespace cdctl::mojo
