#include "plugins/mojo/collect/source.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include <cdctl/text.hpp>

#include "plugins/mojo/spec/stage.hpp"

namespace cdctl::mojo {

namespace {

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
  const auto near = nearest(name, known);
  if (!near.empty())
    return fmt::format("'{}:' is no kind of source; did you mean {}:?", printable(name, 20), near);
  return fmt::format("'{}:' is no kind of source; there are {}:", printable(name, 20),
                     fmt::join(known, ": "));
}

/// Whether `//user:password@` stands in it.
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
  SourceReader(std::string_view source, CollectLine& line, const Tell& wrong, const Tell& warn)
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
  const Tell& wrong_;
  const Tell& warn_;
};

}  // namespace

bool read_collect_source(std::string_view source, CollectLine& line, const Tell& wrong,
                         const Tell& warn) {
  return SourceReader(source, line, wrong, warn).read();
}

}  // namespace cdctl::mojo
