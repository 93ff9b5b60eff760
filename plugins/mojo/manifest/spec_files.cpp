#include "plugins/mojo/manifest/spec_files.hpp"

#include <algorithm>
#include <charconv>

#include <fcntl.h>
#include <unistd.h>

#include <fmt/format.h>

#include <cdctl/fs.hpp>
#include <cdctl/text.hpp>

namespace cdctl::mojo {

namespace fs = std::filesystem;

namespace {

/// The text of a file of the spec; a problem when it cannot be read.
std::string load(const fs::path& file, const std::string& shown, std::vector<Problem>& problems) {
  auto text = read_file(file, k_largest_file);
  if (text) return std::move(*text);
  problems.push_back({shown, 0, 0, text.error().what});
  return {};
}

}  // namespace

std::string not_runnable(const fs::path& file) {
  if (::access(file.c_str(), X_OK) != 0)
    return "is not executable; run chmod +x on it and commit that";
  const Fd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  char buffer[256];
  const auto got = fd.valid() ? ::read(fd.get(), buffer, sizeof buffer) : -1;
  if (got < 0) return "cannot be read";
  std::string_view head(buffer, static_cast<std::size_t>(got));
  if (head.starts_with("\x7f"
                       "ELF"))
    return {};
  if (!head.starts_with("#!")) return "starts with no #! line, so the kernel cannot run it";
  head = head.substr(2, std::min(head.find('\n'), head.size()) - 2);
  if (head.ends_with('\r'))
    return "has a carriage return in its #! line; save it with plain line feeds";
  head.remove_prefix(std::min(head.find_first_not_of(" \t"), head.size()));
  const std::string interpreter(head.substr(0, head.find_first_of(" \t")));
  if (!interpreter.starts_with('/') || ::access(interpreter.c_str(), X_OK) != 0) {
    return fmt::format("needs the interpreter '{}', which is not here", printable(interpreter, 80));
  }
  return {};
}

std::optional<Millis> parse_seconds(std::string_view text, std::int64_t least) {
  std::int64_t count = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error != std::errc() || stop != text.data() + text.size() || count < least ||
      count > 7 * 86'400)
    return {};
  return Millis(count * 1000);
}

std::vector<ProcfileEntry> load_procfile(const fs::path& file, const std::string& shown,
                                         std::vector<Problem>& problems) {
  const auto before = problems.size();
  const auto text = load(file, shown, problems);
  if (problems.size() != before) return {};
  return parse_procfile(text, shown, problems);
}

std::vector<CollectLine> load_collect_file(const fs::path& file, const std::string& shown,
                                           std::vector<Problem>& problems,
                                           std::vector<Problem>& warnings) {
  const auto problems_before = problems.size(), warnings_before = warnings.size();
  auto lines = parse_collect_file(load(file, shown, problems), shown, problems, warnings);
  for (auto i = problems_before; i < problems.size(); ++i)
    problems[i].rule = problems[i].rule.empty() ? "collect" : problems[i].rule;
  for (auto i = warnings_before; i < warnings.size(); ++i) warnings[i].rule = "collect";
  return lines;
}

std::vector<std::string> load_names(const fs::path& file, const std::string& shown,
                                    std::vector<Problem>& problems) {
  std::vector<std::string> names;
  const auto text = load(file, shown, problems);
  for (const auto& line : split_lines(text, shown, problems)) {
    const auto first = line.text.find_first_not_of(" \t");
    if (first == std::string_view::npos || line.text[first] == '#') continue;
    const auto name = line.text.substr(first, line.text.find_last_not_of(" \t") - first + 1);
    const auto fits = [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
             c == '+' || c == '.' || c == '-' || c == '_';
    };
    if (!std::ranges::all_of(name, fits) || name.starts_with('-') || name.starts_with('.')) {
      problems.push_back({shown, line.number, first + 1,
                          fmt::format("'{}' is no name; write one a line", printable(name, 60))});
    } else {
      names.emplace_back(name);
    }
  }
  return names;
}

std::vector<std::string> check_spec_file(const PlannedStep& step, const std::string& shown,
                                         std::vector<Problem>& problems,
                                         std::vector<Problem>& warnings) {
  switch (step.kind()) {
    case PhaseKind::build:
    case PhaseKind::script:
    case PhaseKind::verify:
    case PhaseKind::stop_on:
      if (const auto why = not_runnable(step.file); !why.empty())
        return {fmt::format("'{}' {}", step.config, why)};
      break;
    case PhaseKind::collect:
      (void)load_collect_file(step.file, shown, problems, warnings);
      break;
    case PhaseKind::repo:
    case PhaseKind::builddeps:
      (void)load_names(step.file, shown, problems);
      break;
    case PhaseKind::deploy:
      if (names_procfile(step.config)) (void)load_procfile(step.file, shown, problems);
      break;
    default:
      break;
  }
  return {};
}

}  // namespace cdctl::mojo
