#include "plugins/git/refs.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include <cdctl/text.hpp>

#include "plugins/git/address.hpp"

namespace cdctl::git {

namespace {

bool digit(char c) { return c >= '0' && c <= '9'; }

/// What follows a common beginning: a pre-release is older than nothing, and nothing is older than
/// anything else.
int rank(std::string_view rest) {
  constexpr std::array<std::string_view, 7> marks{"alpha", "beta",     "rc",    "pre",
                                                  "dev",   "snapshot", "canary"};
  if (rest.empty()) return 0;
  if (rest.front() == '~') return -1;
  if (std::string_view("-._").contains(rest.front())) rest.remove_prefix(1);
  const auto same = [](char x, char y) { return (x | 0x20) == y; };
  const bool early = std::ranges::any_of(marks, [&](std::string_view mark) {
    return rest.size() >= mark.size() &&
           std::ranges::equal(rest.substr(0, mark.size()), mark, same);
  });
  return early ? -1 : 1;
}

std::string_view take_number(std::string_view& text) {
  const auto end = std::ranges::find_if_not(text, digit);
  auto number = text.substr(0, static_cast<std::size_t>(end - text.begin()));
  text.remove_prefix(number.size());
  number.remove_prefix(std::min(number.find_first_not_of('0'), number.size()));
  return number;
}

}  // namespace

std::strong_ordering compare_versions(std::string_view a, std::string_view b) {
  auto x = a, y = b;
  while (!x.empty() || !y.empty()) {
    if (!x.empty() && !y.empty() && digit(x.front()) && digit(y.front())) {
      const auto m = take_number(x), n = take_number(y);
      if (m.size() != n.size()) return m.size() <=> n.size();
      if (m != n) return m <=> n;
      continue;
    }
    if (const int r = rank(x), s = rank(y); r != s) return r <=> s;
    if (x.empty() || y.empty()) break;  // both have the same rank, so both are empty
    if (x.front() != y.front())
      return static_cast<unsigned char>(x.front()) <=> static_cast<unsigned char>(y.front());
    x.remove_prefix(1);
    y.remove_prefix(1);
  }
  return a <=> b;
}

std::string Want::text() const {
  if (!branch.empty()) return fmt::format("branch {}", branch);
  if (!tag.empty()) return fmt::format("tag like {}", tag);
  return "HEAD";
}

std::vector<std::string> Want::prefixes() const {
  if (!branch.empty()) return {"refs/heads/" + branch};
  if (!tag.empty()) return {"refs/tags/" + tag.substr(0, tag.find_first_of("*?"))};
  return {"HEAD"};
}

Result<Want> parse_want(const SourceConfig& source) {
  Want want{source.options["branch"].as_string(), source.options["tag"].as_string()};
  for (const auto* key : {"branch", "tag"}) {
    const auto& value = source.options[key];
    if (!value.is_null() && value.as_string().empty()) {
      return fail(ExitCode::config, fmt::format("source {} of {}: {} must be a name", source.name,
                                                source.service, key));
    }
  }
  if (!want.branch.empty() && !want.tag.empty()) {
    return fail(ExitCode::config, fmt::format("source {} of {}: give branch or tag, not both",
                                              source.name, source.service));
  }
  if (!want.branch.empty() && !valid_ref_name(want.branch)) {
    return fail(ExitCode::config,
                fmt::format("source {} of {}: '{}' is not a branch name", source.name,
                            source.service, printable(want.branch, 60)));
  }
  if (!want.tag.empty() && !valid_ref_pattern(want.tag)) {
    return fail(ExitCode::config,
                fmt::format("source {} of {}: '{}' is not a tag pattern", source.name,
                            source.service, printable(want.tag, 60)));
  }
  return want;
}

void Choice::add(const Ref& ref) {
  const std::string_view name(ref.name);
  if (want_.tag.empty()) {
    constexpr std::string_view k_heads = "refs/heads/";
    const bool is_it = want_.branch.empty() ? name == "HEAD"
                                            : name.starts_with(k_heads) &&
                                                  name.substr(k_heads.size()) == want_.branch;
    if (is_it && !best_) best_ = ref;
    return;
  }
  constexpr std::string_view k_tags = "refs/tags/";
  if (!name.starts_with(k_tags) || !glob_match(want_.tag, name.substr(k_tags.size()))) return;
  if (!best_ || compare_versions(std::string_view(best_->name).substr(k_tags.size()),
                                 name.substr(k_tags.size())) < 0)
    best_ = ref;
}

std::optional<std::string> Choice::commit() const {
  if (!best_) return {};
  return best_->peeled.empty() ? best_->id : best_->peeled;
}

Error missing(const Want& want, bool empty_repository) {
  if (empty_repository) return {ExitCode::unknown, "the repository is empty: push a first commit"};
  if (!want.branch.empty()) {
    return {ExitCode::unknown,
            fmt::format("it has no branch {} (any more): correct `branch`, or push it again",
                        want.branch)};
  }
  if (!want.tag.empty())
    return {ExitCode::unknown,
            fmt::format("it has no tag like {}: correct `tag`, or push one", want.tag)};
  return {ExitCode::unknown, "its HEAD names a branch that is not there: give `branch`"};
}

}  // namespace cdctl::git
