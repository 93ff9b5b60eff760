#include "plugins/mojo/collect/file.hpp"

#include <algorithm>
#include <array>
#include <functional>
#include <iterator>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include <fmt/format.h>

#include <cdctl/http.hpp>
#include <cdctl/text.hpp>

#include "plugins/mojo/spec/stage.hpp"
#include "plugins/mojo/text/words.hpp"

namespace cdctl::mojo {

namespace {

/// Reports a problem, or a warning, at a part of the line.
using Report = std::function<void(std::string_view part, std::string what)>;

/// How a scheme is read. All but those of Launchpad, charms and files need `//` and a host.
struct Scheme {
  std::string_view name;
  CollectKind kind;
  std::size_t strip = 0;  ///< bytes in front that are codetree's alone
  bool has_host = true;
};
constexpr std::array k_schemes{
    Scheme{"lp", CollectKind::bzr, 0, false},
    Scheme{"bzr", CollectKind::bzr},
    Scheme{"bzr+file", CollectKind::bzr, 4, false},
    Scheme{"bzr+http", CollectKind::bzr},
    Scheme{"bzr+https", CollectKind::bzr},
    Scheme{"bzr+ssh", CollectKind::bzr},
    Scheme{"git", CollectKind::git},
    Scheme{"git+file", CollectKind::git, 4, false},
    Scheme{"git+http", CollectKind::git, 4},
    Scheme{"git+https", CollectKind::git, 4},
    Scheme{"git+ssh", CollectKind::git, 4},
    Scheme{"http", CollectKind::http},
    Scheme{"https", CollectKind::http},
    Scheme{"file", CollectKind::local, 5, false},
    Scheme{"cs", CollectKind::charm, 0, false},
    Scheme{"ch", CollectKind::charm, 0, false},
};
constexpr std::string_view k_nosmart = "nosmart+";

std::string unknown_scheme(std::string_view name) {
  std::vector<std::string> known;
  for (const auto& scheme : k_schemes) known.emplace_back(scheme.name);
  if (const auto hint = did_you_mean(name, known, "", ":"); !hint.empty())
    return fmt::format("'{}:' is no kind of source{}", printable(name, 20), hint);
  return fmt::format("'{}:' is no kind of source; there are {}:", printable(name, 20),
                     fmt::join(known, ": "));
}

/// Whether it holds `//user:password@`.
bool holds_password(std::string_view source) {
  const auto begin = source.find("://");
  if (begin == std::string_view::npos) return false;
  const auto authority =
      source.substr(begin + 3, source.find_first_of("/?#", begin + 3) - begin - 3);
  const auto at = authority.rfind('@');
  return at != std::string_view::npos && authority.substr(0, at).contains(':');
}

bool charm_name(std::string_view name) {
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("~/.-+_").contains(c);
  };
  return !name.empty() && std::ranges::all_of(name, fits) && !name.starts_with('-') &&
         !name.contains("..") && !name.ends_with('/');
}

class SourceReader {
 public:
  SourceReader(std::string_view source, CollectLine& line, const Report& wrong, const Report& warn)
      : source_(source), line_(line), wrong_(wrong), warn_(warn) {}

  bool read() {
    if (holds_password(source_))
      return refuse("a password may not stand in a collect file; use a key or a credential helper");
    if (source_ == "@") {
      line_.kind = CollectKind::empty_folder;
      return true;
    }
    const auto slash = std::min(source_.find('/'), source_.size());
    const auto colon = source_.find(':');
    if (colon >= slash) return local(source_);
    auto text = source_;
    const bool nosmart = text.starts_with(k_nosmart);
    if (nosmart) text.remove_prefix(k_nosmart.size());
    const auto name = text.substr(0, text.find(':'));
    const auto at = std::ranges::find(k_schemes, name, &Scheme::name);
    if (at == k_schemes.end() || (nosmart && at->kind != CollectKind::bzr))
      return refuse(unknown_scheme(source_.substr(0, colon)));
    return with_scheme(*at, text, nosmart);
  }

 private:
  bool refuse(std::string what) const {
    wrong_(source_, std::move(what));
    return false;
  }

  bool with_scheme(const Scheme& scheme, std::string_view text, bool nosmart) {
    const auto rest = text.substr(scheme.name.size() + 1);
    line_.kind = scheme.kind;
    if (rest.empty()) return refuse(fmt::format("nothing follows {}:", scheme.name));
    if (scheme.kind == CollectKind::local)
      return local(rest.starts_with("//") ? rest.substr(2) : rest);
    if (scheme.kind == CollectKind::charm && !charm_name(rest))
      return refuse(fmt::format("'{}' is no name of a charm", printable(rest, 60)));
    if (scheme.has_host &&
        (!rest.starts_with("//") || rest.size() < 3 || rest[2] == '/' || rest[2] == '-')) {
      return refuse(fmt::format("write {}://host/path", scheme.name));
    }
    if (scheme.name.ends_with("+file") && !rest.starts_with("///"))
      return refuse(fmt::format("write {}:///path", scheme.name));
    // lp: is looked up first and gives another address, which the prefix of a transport cannot go
    // before.
    line_.location = nosmart && scheme.name != "lp" ? std::string(k_nosmart) : std::string();
    line_.location += text.substr(scheme.strip);
    remarks(scheme.name);
    return true;
  }

  void remarks(std::string_view scheme) const {
    const std::string_view location(line_.location);
    if (line_.kind == CollectKind::http &&
        (location.ends_with(".git") || location.ends_with(".git/"))) {
      warn_(source_, fmt::format("this downloads one file; for a repository write git+{}", scheme));
    }
    if (scheme == "git")
      warn_(source_,
            "git:// is neither encrypted nor authenticated, and the git plugin refuses it; write "
            "git+https://");
  }

  bool local(std::string_view path) {
    if (path.starts_with('-') || path.empty())
      return refuse(fmt::format("'{}' is no path", printable(path, 60)));
    while (path.starts_with("./")) path.remove_prefix(2);
    if (!path.starts_with('/')) {
      if (auto fine = check_relative(path, "source"); !fine)
        return refuse(std::move(fine.error().what));
    }
    line_.kind = CollectKind::local;
    line_.location = path;
    return true;
  }

  std::string_view source_;
  CollectLine& line_;
  const Report& wrong_;
  const Report& warn_;
};

/// Reads `source` into kind and location of `line`. False after a problem was reported through
/// `wrong`.
bool read_collect_source(std::string_view source, CollectLine& line, const Report& wrong,
                         const Report& warn) {
  return SourceReader(source, line, wrong, warn).read();
}

/// A set of kinds.
constexpr unsigned of(std::initializer_list<CollectKind> kinds) {
  unsigned out = 0;
  for (const auto kind : kinds) out |= 1u << static_cast<unsigned>(kind);
  return out;
}
constexpr unsigned k_all = ~0u;

bool set_plain(std::optional<std::string>& into, std::string_view value) {
  if (value.empty() || value.starts_with('-')) return false;
  into = value;
  return true;
}

bool set_depth(CollectLine& line, std::string_view value) {
  const auto depth = whole_number(value);
  if (depth && *depth >= 1) line.depth = depth;
  return depth && *depth >= 1;
}

bool set_sha256(CollectLine& line, std::string_view value) {
  const auto digit = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
  return value.size() == 64 && std::ranges::all_of(value, digit) && set_plain(line.sha256, value);
}

bool set_channel(CollectLine& line, std::string_view value) {
  constexpr std::array<std::string_view, 5> k_old{"unpublished", "edge", "beta", "candidate",
                                                  "stable"};
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("./-_+").contains(c);
  };
  const bool old_store = line.source.starts_with("cs:");
  if (old_store ? std::ranges::find(k_old, value) == k_old.end()
                : !std::ranges::all_of(value, fits))
    return false;
  return set_plain(line.channel, value);
}

bool set_base_url(CollectLine& line, std::string_view value) {
  return line.source.starts_with("cs:") && value.starts_with("https://") && parse_url(value) &&
         set_plain(line.base_url, value);
}

bool set_method(CollectLine& line, std::string_view value) {
  constexpr std::array<std::string_view, 4> k_methods{"copy", "rsync", "link", "hardlink"};
  if (std::ranges::find(k_methods, value) == k_methods.end()) return false;
  line.method = value;
  return true;
}

bool set_asked(CollectLine& line, std::string_view value) {
  return (value.starts_with("branch:") || value.starts_with("revno:")) &&
         set_plain(line.asked, value);
}

/// An option: which kinds of source have it, what its value looks like, and how it is taken.
struct SourceOption {
  std::string_view key;
  unsigned kinds;
  std::string_view form;
  bool (*set)(CollectLine& line, std::string_view value);
};
constexpr std::array k_options{
    SourceOption{"overwrite", k_all, "anything",
                 [](CollectLine& line, std::string_view) { return line.overwrite = true; }},
    SourceOption{"revno", of({CollectKind::git, CollectKind::bzr}), "a revision",
                 [](CollectLine& line, std::string_view v) { return set_plain(line.revno, v); }},
    SourceOption{"branch", of({CollectKind::git}), "the name of a branch",
                 [](CollectLine& line, std::string_view v) { return set_plain(line.branch, v); }},
    SourceOption{"depth", of({CollectKind::git}), "a number from 1", set_depth},
    SourceOption{"lightweight", of({CollectKind::bzr}), "true or false",
                 [](CollectLine& line, std::string_view v) {
                   line.lightweight = v == "true" || v == "True" || v == "TRUE" || v == "t" ||
                                      v == "T" || v == "1";
                   return true;
                 }},
    SourceOption{"method", of({CollectKind::local}), "copy, rsync, link or hardlink", set_method},
    SourceOption{"base_url", of({CollectKind::charm}), "https://host/path, and of a cs: source",
                 set_base_url},
    SourceOption{"channel", of({CollectKind::charm}),
                 "unpublished, edge, beta, candidate or stable, for ch: also TRACK/RISK",
                 set_channel},
    SourceOption{"sha256", of({CollectKind::http}), "64 small hex digits", set_sha256},
    SourceOption{"asked", of({CollectKind::git, CollectKind::bzr}), "branch:NAME or revno:NAME",
                 set_asked},
};

std::string unknown_option(std::string_view key, CollectKind kind) {
  std::vector<std::string> fitting;
  for (const auto& option : k_options) {
    if (option.kinds & of({kind})) fitting.emplace_back(option.key);
  }
  if (const auto hint = did_you_mean(key, fitting); !hint.empty())
    return fmt::format("'{}' is no option{}", printable(key, 30), hint);
  return fmt::format("'{}' is no option of a {} source; it has: {}", printable(key, 30),
                     to_text(kind), fmt::join(fitting, ", "));
}

bool read_option(std::string_view word, CollectLine& line, const Report& wrong,
                 const Report& warn) {
  const auto refuse = [&](std::string what) {
    wrong(word, std::move(what));
    return false;
  };
  const auto equals = word.find('=');
  if (equals == std::string_view::npos || equals == 0 ||
      word.find('=', equals + 1) != std::string_view::npos) {
    return refuse(fmt::format("'{}' is no option of the form key=value", printable(word, 60)));
  }
  const auto key = word.substr(0, equals), value = word.substr(equals + 1);
  const auto at = std::ranges::find(k_options, key, &SourceOption::key);
  if (at == k_options.end() || !(at->kinds & of({line.kind})))
    return refuse(unknown_option(key, line.kind));
  if (!at->set(line, value))
    return refuse(fmt::format("{} must be {}, not '{}'", key, at->form, printable(value, 60)));
  if (std::ranges::find(line.options, key, &std::pair<std::string, std::string>::first) !=
      line.options.end()) {
    warn(word, fmt::format("{} is given again; the last value counts", key));
  }
  line.options.emplace_back(key, value);
  return true;
}

/// Reads `key=value[,key=value…]` into `line`, whose kind says which options fit.
bool read_collect_options(std::string_view options, CollectLine& line, const Report& wrong,
                          const Report& warn) {
  for (const auto option : split(options, ',')) {
    if (!read_option(option, line, wrong, warn)) return false;
  }
  if (!line.revno || !line.branch) return true;
  wrong(options, "revno and branch exclude each other");
  return false;
}

constexpr std::string_view k_blanks = " \t";

/// Reads one line.
class CollectLineReader {
 public:
  CollectLineReader(const std::string& file, const TextLine& whole, std::vector<Problem>& problems,
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

  Report wrong_, warn_;
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
    const auto content = trimmed(line.text);
    if (content.empty() || content.starts_with('#')) continue;
    if (auto read = CollectLineReader(file, line, problems, warnings).read(content))
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
