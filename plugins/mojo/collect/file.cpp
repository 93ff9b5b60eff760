#include "plugins/mojo/collect/file.hpp"

#include <algorithm>
#include <iterator>
#include <unordered_map>
#include <utility>

#include <fmt/format.h>

#include <cdctl/text.hpp>

#include "plugins/mojo/collect/source.hpp"
#include "plugins/mojo/spec/stage.hpp"

namespace cdctl::mojo {

namespace {

constexpr std::string_view k_blanks = " \t";

/// Reads one line.
class LineReader {
 public:
  LineReader(const std::string& file, const TextLine& whole, std::vector<Problem>& problems,
             std::vector<Problem>& warnings)
      : wrong_([&, whole](std::string_view part, std::string what) {
          problems.push_back({file, whole.number, column(whole, part), std::move(what)});
        }),
        warn_([&, whole](std::string_view part, std::string what) {
          warnings.push_back({file, whole.number, column(whole, part), std::move(what)});
        }) {
    line_.line = whole.number;
  }

  /// `text` is the line without the blanks around it.
  std::optional<CollectLine> read(std::string_view text) {
    const auto blank = text.find_first_of(k_blanks);
    if (blank == std::string_view::npos)
      return wrong(
          text, fmt::format("'{}' has no source; write `destination source`", printable(text, 60)));
    if (!read_destination(text.substr(0, blank))) return {};
    auto source = text.substr(text.find_first_not_of(k_blanks, blank));
    if (const auto gap = source.find_first_of(k_blanks); gap != std::string_view::npos)
      return wrong(source.substr(gap), "the source holds blanks");
    const auto semicolon = source.rfind(';');
    const auto options =
        semicolon == std::string_view::npos ? std::string_view() : source.substr(semicolon + 1);
    if (semicolon != std::string_view::npos && options.empty())
      return wrong(source.substr(semicolon), "there is nothing after the ;");
    source = source.substr(0, semicolon);
    if (source.empty()) return wrong(options, "there is no source before the ;");
    line_.source = source;
    if (!read_collect_source(source, line_, wrong_, warn_)) return {};
    if (!options.empty() && !read_collect_options(options, line_, wrong_, warn_)) return {};
    return std::move(line_);
  }

 private:
  static std::size_t column(const TextLine& whole, std::string_view part) {
    return static_cast<std::size_t>(part.data() - whole.text.data()) + 1;
  }

  std::nullopt_t wrong(std::string_view part, std::string what) {
    wrong_(part, std::move(what));
    return std::nullopt;
  }

  bool read_destination(std::string_view text) {
    auto path = text;
    while (path.size() > 1 && path.ends_with('/')) path.remove_suffix(1);
    auto fine = check_relative(path, "destination");
    if (fine && !path.contains("//")) {
      line_.destination = path;
      return true;
    }
    wrong_(text, fine ? fmt::format("destination '{}' holds //", printable(path, 80))
                      : std::move(fine.error().what));
    return false;
  }

  Tell wrong_, warn_;
  CollectLine line_;
};

/// Puts lines in order: one for each destination (the last), each parent before its children.
class Ordering {
 public:
  void add(CollectLine line, const std::string& file, std::vector<Problem>& warnings) {
    const auto [at, fresh] = places_.try_emplace(line.destination, lines_.size());
    if (fresh) {
      lines_.push_back(std::move(line));
      return;
    }
    warnings.push_back(
        {file, line.line, 0,
         fmt::format("{} is collected again; the last line counts", line.destination)});
    lines_[at->second] = std::move(line);
  }

  std::vector<CollectLine> finish(const std::string& file, std::vector<Problem>& problems) {
    std::vector<std::vector<CollectLine>> by_depth;
    for (auto& line : lines_) {
      const auto parent = line.destination.substr(
          0, std::min(line.destination.rfind('/'), line.destination.size()));
      if (!places_.contains(parent)) {
        problems.push_back({file, line.line, 0,
                            fmt::format("the folder of {} is not in the file; add a line `{} @`",
                                        line.destination, parent)});
      }
      const auto depth = static_cast<std::size_t>(std::ranges::count(line.destination, '/'));
      if (by_depth.size() <= depth) by_depth.resize(depth + 1);
      by_depth[depth].push_back(std::move(line));
    }
    lines_.clear();
    for (auto& level : by_depth) std::ranges::move(level, std::back_inserter(lines_));
    return std::move(lines_);
  }

 private:
  std::vector<CollectLine> lines_;
  std::unordered_map<std::string, std::size_t> places_;
};

}  // namespace

std::string_view to_text(CollectKind kind) {
  switch (kind) {
    case CollectKind::empty_folder:
      return "folder";
    case CollectKind::git:
      return "git";
    case CollectKind::bzr:
      return "bzr";
    case CollectKind::http:
      return "http";
    case CollectKind::local:
      return "local";
    case CollectKind::charm:
      return "charm";
  }
  std::unreachable();
}

std::vector<CollectLine> parse_collect_file(std::string_view text, const std::string& file,
                                            std::vector<Problem>& problems,
                                            std::vector<Problem>& warnings) {
  Ordering ordering;
  for (const auto& line : split_lines(text, file, problems)) {
    const auto first = line.text.find_first_not_of(k_blanks);
    if (first == std::string_view::npos || line.text[first] == '#') continue;
    const auto content = line.text.substr(first, line.text.find_last_not_of(k_blanks) - first + 1);
    if (auto read = LineReader(file, line, problems, warnings).read(content))
      ordering.add(std::move(*read), file, warnings);
  }
  return ordering.finish(file, problems);
}

std::string print_collect_file(std::span<const CollectLine> lines) {
  std::string out;
  for (const auto& line : lines) {
    out += line.destination + "  " + line.source;
    char separator = ';';
    for (const auto& [key, value] : line.options) {
      out += separator + key + "=" + value;
      separator = ',';
    }
    out += '\n';
  }
  return out;
}

}  // namespace cdctl::mojo
