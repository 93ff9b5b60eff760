#include "plugins/mojo/bundle/handover.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <initializer_list>

#include <fmt/format.h>

#include <cdctl/fs.hpp>
#include <cdctl/text.hpp>

#include "plugins/mojo/spec/stage.hpp"

namespace cdctl::mojo {

namespace fs = std::filesystem;

namespace {

template <class Number>
bool reads_whole(std::string_view text, Number& number) {
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && stop == text.data() + text.size();
}

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
  std::int64_t whole = 0;
  if (reads_whole(text, whole)) return whole;
  double real = 0;
  if (reads_whole(text, real) && std::isfinite(real)) return real;
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

}  // namespace cdctl::mojo
