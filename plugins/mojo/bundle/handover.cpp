#include "plugins/mojo/bundle/handover.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <initializer_list>

#include <fmt/format.h>

#include <cdctl/fs.hpp>
#include <cdctl/text.hpp>

#include "plugins/mojo/bundle/document.hpp"
#include "plugins/mojo/spec/stage.hpp"
#include "plugins/mojo/text/words.hpp"

namespace cdctl::mojo {

namespace fs = std::filesystem;

namespace {

/// YAML 1.1: a word, as it is written in small letters, with a capital, or in capitals only.
bool is_one_of(std::string_view text, std::initializer_list<std::string_view> words) {
  std::string lower(text), rest(text.substr(std::min<std::size_t>(1, text.size())));
  std::ranges::transform(lower, lower.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  const bool mixed = std::ranges::any_of(rest, [](unsigned char c) { return std::islower(c); }) &&
                     std::ranges::any_of(rest, [](unsigned char c) { return std::isupper(c); });
  return !mixed && std::ranges::find(words, lower) != words.end();
}

Json plain(const std::string& text) {
  if (is_one_of(text, {"y", "yes", "on", "true"})) return true;
  if (is_one_of(text, {"n", "no", "off", "false"})) return false;
  if (text == "~" || is_one_of(text, {"null"})) return {};
  // 010 is 8 to one reader and 10 to the next: as text it is refused where a number is wanted, and
  // right where it is not.
  const auto digits = std::string_view(text).substr(text.starts_with('-') ? 1 : 0);
  if (digits.empty() || !std::isdigit(static_cast<unsigned char>(digits.front()))) return text;
  if (digits.size() > 1 && digits.front() == '0' && digits[1] != '.') return text;
  if (const auto whole = whole_number(text)) return *whole;
  double real = 0;
  const auto* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, real);
  if (error == std::errc() && stop == end && std::isfinite(real)) return real;
  return text;
}

/// A path, as charms of this machine are given by; anything else is the name of one in a store.
bool is_path(std::string_view charm) {
  return charm.starts_with("./") || charm.starts_with("../") || charm.starts_with('/');
}

Result<std::string> local_charm(const std::string& charm, const CharmFolders& folders,
                                const std::string& who) {
  constexpr std::string_view k_local = "local:";
  std::vector<fs::path> candidates;
  if (charm.starts_with(k_local))
    candidates.push_back(folders.repo / fs::path(charm.substr(k_local.size())).relative_path());
  else if (charm.starts_with('/'))
    candidates.emplace_back(charm);
  else
    for (const auto& folder : folders.from) candidates.push_back(folder / charm);
  std::error_code error;
  for (const auto& candidate : candidates) {
    if (!fs::exists(candidate, error)) continue;
    if (!inside(candidate, folders.within))
      return fail(ExitCode::config,
                  fmt::format("{}: its charm {} leads out of what was checked out", who,
                              printable(charm, 120)));
    return fs::canonical(candidate, error).string();
  }
  return fail(
      ExitCode::config,
      fmt::format("{}: there is no charm {} beside the bundle, in the build folder or in the trunk",
                  who, printable(charm, 120)));
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
                  annotation->position
                      .problem(fmt::format("{} of {} names {}, but the Procfile has only {}",
                                           k_process_annotation, printable(application.name, 60),
                                           annotation->shown(), process_types(entries)))
                      .str());
    }
    if (!entry) {
      notes.push_back(fmt::format("{} is left out: the Procfile has no process of that name",
                                  printable(application.name, 60)));
      continue;
    }
    if (const auto at = std::ranges::find(out, entry, &Meant::entry); at != out.end()) {
      return fail(ExitCode::config,
                  application.position
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
  CDCTL_TRY(check_no_release(units));
  for (const auto& [type, count] : units) {
    if (!find_entry(entries, type)) {
      return fail(ExitCode::config,
                  fmt::format("units wants {} of '{}', but the Procfile has only {}", count,
                              printable(type, 60), process_types(entries)));
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

Json to_json(const Yaml& value) {
  switch (value.kind) {
    case Yaml::Kind::null:
      return {};
    case Yaml::Kind::plain:
      return plain(value.text);
    case Yaml::Kind::string:
      return value.text;
    case Yaml::Kind::list: {
      auto out = Json::array();
      for (const auto& item : value.items) out.push_back(to_json(item));
      return out;
    }
    case Yaml::Kind::map:
      break;
  }
  Json::Object members;
  members.reserve(value.members.size());
  for (const auto& member : value.members) members.emplace_back(member.key, to_json(member.value));
  return members;
}

Result<Json> bundle_to_hand_over(const Bundle& bundle,
                                 const std::map<std::string, std::int64_t>& units,
                                 const CharmFolders& folders, const std::string& shown) {
  auto out = to_json(bundle.root);
  auto* applications = out.find("applications");
  if (!applications || applications->members().empty())
    return fail(ExitCode::config,
                fmt::format("{} has no application, so nothing would run", shown));
  for (const auto& [name, count] : units) {
    auto* application = applications->find(name);
    if (!application)
      return fail(ExitCode::config,
                  fmt::format("units wants {} of '{}', which is no application of {}", count,
                              printable(name, 60), shown));
    const bool scale = application->find("scale") != nullptr;
    application->set(scale ? "scale" : "num_units", count);
  }
  for (const auto& application : bundle.applications()) {
    const std::string name(application.name);
    if (!valid_application(name))
      return fail(ExitCode::config,
                  fmt::format("{}: '{}' is no name of an application", shown, printable(name, 60)));
    if (application.charm.starts_with("local:") || is_path(application.charm)) {
      CDCTL_TRY_ASSIGN(auto path,
                       local_charm(application.charm, folders, fmt::format("{}: {}", shown, name)));
      applications->find(name)->set("charm", std::move(path));
    }
  }
  return out;
}

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
                            shown, process_types(entries), k_process_annotation));
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
