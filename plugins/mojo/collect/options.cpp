#include <algorithm>
#include <array>
#include <charconv>

#include <fmt/format.h>

#include <cdctl/http.hpp>
#include <cdctl/text.hpp>

#include "plugins/mojo/collect/source.hpp"

namespace cdctl::mojo {

namespace {

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
  std::int64_t depth = 0;
  const auto [stop, error] = std::from_chars(value.data(), value.data() + value.size(), depth);
  if (error != std::errc() || stop != value.data() + value.size() || depth < 1) return false;
  line.depth = depth;
  return true;
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
struct Option {
  std::string_view key;
  unsigned kinds;
  std::string_view form;
  bool (*set)(CollectLine& line, std::string_view value);
};
constexpr std::array k_options{
    Option{"overwrite", k_all, "anything",
           [](CollectLine& line, std::string_view) { return line.overwrite = true; }},
    Option{"revno", of({CollectKind::git, CollectKind::bzr}), "a revision",
           [](CollectLine& line, std::string_view v) { return set_plain(line.revno, v); }},
    Option{"branch", of({CollectKind::git}), "the name of a branch",
           [](CollectLine& line, std::string_view v) { return set_plain(line.branch, v); }},
    Option{"depth", of({CollectKind::git}), "a number from 1", set_depth},
    Option{"lightweight", of({CollectKind::bzr}), "true or false",
           [](CollectLine& line, std::string_view v) {
             line.lightweight =
                 v == "true" || v == "True" || v == "TRUE" || v == "t" || v == "T" || v == "1";
             return true;
           }},
    Option{"method", of({CollectKind::local}), "copy, rsync, link or hardlink", set_method},
    Option{"base_url", of({CollectKind::charm}), "https://host/path, and of a cs: source",
           set_base_url},
    Option{"channel", of({CollectKind::charm}),
           "unpublished, edge, beta, candidate or stable, for ch: also TRACK/RISK", set_channel},
    Option{"sha256", of({CollectKind::http}), "64 small hex digits", set_sha256},
    Option{"asked", of({CollectKind::git, CollectKind::bzr}), "branch:NAME or revno:NAME",
           set_asked},
};

std::string unknown_option(std::string_view key, CollectKind kind) {
  std::vector<std::string> fitting;
  for (const auto& option : k_options) {
    if (option.kinds & of({kind})) fitting.emplace_back(option.key);
  }
  const auto near = nearest(key, fitting);
  if (!near.empty())
    return fmt::format("'{}' is no option; did you mean {}?", printable(key, 30), near);
  return fmt::format("'{}' is no option of a {} source; it has: {}", printable(key, 30),
                     to_text(kind), fmt::join(fitting, ", "));
}

bool read_option(std::string_view word, CollectLine& line, const Tell& wrong, const Tell& warn) {
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
  const auto at = std::ranges::find(k_options, key, &Option::key);
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

}  // namespace

bool read_collect_options(std::string_view options, CollectLine& line, const Tell& wrong,
                          const Tell& warn) {
  const auto all = options;
  for (bool more = true; more;) {
    const auto comma = options.find(',');
    if (!read_option(options.substr(0, comma), line, wrong, warn)) return false;
    more = comma != std::string_view::npos;
    if (more) options.remove_prefix(comma + 1);
  }
  if (!line.revno || !line.branch) return true;
  wrong(all, "revno and branch exclude each other");
  return false;
}

}  // namespace cdctl::mojo
