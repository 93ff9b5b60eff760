#include "collect_file.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include <cdctl/names.hpp>

#include "stage.hpp"

namespace cdctl::mojo {

namespace {

constexpr std::array<std::string_view, 4> k_git_schemes{"git+https", "git+http", "git+ssh", "git+file"};

std::size_t depth(const CollectLine& line) { return static_cast<std::size_t>(std::ranges::count(line.destination, '/')); }

/// Reads one line; problems are told through `wrong`.
class LineReader {
 public:
  LineReader(const std::string& file, std::size_t number, std::vector<Problem>& problems) : file_(file), problems_(problems) { line_.line = number; }

  std::optional<CollectLine> read(std::string_view text) {
    const auto blank = text.find_first_of(" \t");
    if (blank == std::string_view::npos) return wrong(fmt::format("'{}' has no source; write `destination source`", printable(text, 60)));
    auto source = text.substr(text.find_first_not_of(" \t", blank));
    line_.destination = text.substr(0, blank);
    while (line_.destination.size() > 1 && line_.destination.ends_with('/')) line_.destination.pop_back();
    if (auto fine = check_relative(line_.destination, "destination"); !fine) return wrong(fine.error().what);
    std::string_view options;
    if (const auto semicolon = source.rfind(';'); semicolon != std::string_view::npos) {
      options = source.substr(semicolon + 1);
      source = source.substr(0, semicolon);
      if (options.empty()) return wrong("there is nothing after the ;");
    }
    if (source.empty() || source.find_first_of(" \t") != std::string_view::npos) return wrong("the source holds blanks");
    if (!read_source(source) || !read_options(options)) return {};
    return std::move(line_);
  }

 private:
  std::nullopt_t wrong(std::string what) {
    problems_.push_back({file_, line_.line, 0, std::move(what)});
    return std::nullopt;
  }

  bool read_source(std::string_view source) {
    if (source == "@") {
      line_.kind = CollectKind::empty_folder;
      return true;
    }
    const auto colon = source.find(':');
    const auto slash = std::min(source.find('/'), source.size());
    if (colon == std::string_view::npos || colon > slash) return local(source);
    const auto scheme = source.substr(0, colon);
    if (scheme == "file") {
      auto path = source.substr(colon + 1);
      if (path.starts_with("//")) path.remove_prefix(2);
      return local(path);
    }
    if (std::ranges::find(k_git_schemes, scheme) == k_git_schemes.end()) {
      wrong(fmt::format("sources of {}: are not supported by this version{}", printable(scheme, 20),
                        scheme.starts_with("http") ? fmt::format("; for a git repository write git+{}", printable(source, 80)) : ""));
      return false;
    }
    line_.kind = CollectKind::git;
    line_.location = source.substr(4);
    return true;
  }
  bool local(std::string_view path) {
    if (path.empty() || path.starts_with('-')) {
      wrong(fmt::format("'{}' is no path", printable(path, 60)));
      return false;
    }
    while (path.starts_with("./")) path.remove_prefix(2);
    if (!path.starts_with('/')) {
      if (auto fine = check_relative(path, "source"); !fine) {
        wrong(fine.error().what);
        return false;
      }
    }
    line_.kind = CollectKind::local;
    line_.location = path;
    return true;
  }

  bool read_options(std::string_view options) {
    while (!options.empty()) {
      const auto comma = std::min(options.find(','), options.size());
      const auto word = options.substr(0, comma);
      options.remove_prefix(std::min(comma + 1, options.size()));
      const auto equals = word.find('=');
      if (equals == std::string_view::npos || equals == 0 || word.find('=', equals + 1) != std::string_view::npos) {
        wrong(fmt::format("'{}' is no option of the form key=value", printable(word, 60)));
        return false;
      }
      if (!set(word.substr(0, equals), word.substr(equals + 1))) return false;
    }
    if (line_.revno && line_.branch) {
      wrong("revno and branch exclude each other");
      return false;
    }
    return true;
  }
  bool set(std::string_view key, std::string_view value) {
    const bool git = line_.kind == CollectKind::git, is_local = line_.kind == CollectKind::local;
    if (key == "overwrite") return true;  // every run starts with an empty build folder
    if (git && key == "depth") return true;  // checkouts come from a cached full copy
    if (git && (key == "revno" || key == "branch") && !value.empty()) {
      (key == "revno" ? line_.revno : line_.branch) = std::string(value);
      return true;
    }
    if (is_local && key == "method" && (value == "copy" || value == "rsync" || value == "link" || value == "hardlink")) {
      line_.method = value == "rsync" ? "copy" : value;
      return true;
    }
    wrong(fmt::format("option {}={} does not fit this source", printable(key, 30), printable(value, 60)));
    return false;
  }

  const std::string& file_;
  std::vector<Problem>& problems_;
  CollectLine line_;
};

/// A destination given twice: the later line counts. Then each parent before its children.
std::vector<CollectLine> in_order(std::vector<CollectLine> lines, const std::string& file, std::vector<Problem>& warnings) {
  std::vector<CollectLine> out;
  for (auto& line : lines) {
    const auto at = std::ranges::find(out, line.destination, &CollectLine::destination);
    if (at == out.end()) {
      out.push_back(std::move(line));
      continue;
    }
    warnings.push_back({file, line.line, 0, fmt::format("{} is collected again; the last line counts", line.destination)});
    *at = std::move(line);
  }
  std::ranges::stable_sort(out, {}, depth);
  return out;
}

}  // namespace

std::vector<CollectLine> parse_collect_file(std::string_view text, const std::string& file, std::vector<Problem>& problems,
                                            std::vector<Problem>& warnings) {
  std::vector<CollectLine> lines;
  for (const auto& line : split_lines(text, file, problems)) {
    const auto first = line.text.find_first_not_of(" \t");
    if (first == std::string_view::npos || line.text[first] == '#') continue;
    const auto content = line.text.substr(first, line.text.find_last_not_of(" \t") - first + 1);
    if (auto read = LineReader(file, line.number, problems).read(content)) lines.push_back(std::move(*read));
  }
  lines = in_order(std::move(lines), file, warnings);
  for (const auto& line : lines) {
    const auto slash = line.destination.rfind('/');
    if (slash == std::string::npos) continue;
    if (std::ranges::find(lines, line.destination.substr(0, slash), &CollectLine::destination) == lines.end()) {
      problems.push_back({file, line.line, 0, fmt::format("the folder of {} is not in the file; add a line `{} @`", line.destination, line.destination.substr(0, slash))});
    }
  }
  return lines;
}

}  // namespace cdctl::mojo
