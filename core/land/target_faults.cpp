#include "core/land/target_faults.hpp"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include <cdctl/fs.hpp>
#include <cdctl/module.hpp>
#include <cdctl/roles/source.hpp>
#include <cdctl/text.hpp>

#include "core/config/keys.hpp"
#include "core/land/signers.hpp"

namespace cdctl::land {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t k_most_faults = 5;

/// A forge without a server calls the key so that names its file of reviewers, as the SDK reads it.
bool names_signers(const config::ConfigKey& key) {
  return key.type == "file" && key.name.ends_with(".reviewers");
}

/// Who reads the branch of a target: a kind of its own, or the one that its forge is built on.
std::string source_kind(app::Context& context, const TargetConfig& target) {
  return context.plugin_host().offering("source", target.forge) ? target.forge
                                                                : TargetConfig().forge;
}

SourceConfig trunk_of(app::Context& context, const TargetConfig& target) {
  SourceConfig out{"target " + target.name, "branch " + target.branch, source_kind(context, target),
                   target.repository, Json::object()};
  if (has_branches(context, target)) out.options.set("branch", target.branch);
  return out;
}

/// Where the proposals of a target are. A forge that lets targets choose calls that key
/// `proposals`.
std::string place_of_proposals(const config::Keys& keys, const TargetConfig& target) {
  constexpr std::string_view k_branch = "TARGET";
  const auto name = target.forge + ".proposals";
  auto out = config::value_at(target.table, name).as_string();
  if (const auto* key = keys.find_in_target(name); key && out.empty()) out = key->otherwise;
  if (out.empty()) return target.branch;
  if (const auto at = out.find(k_branch); at != out.npos)
    out.replace(at, k_branch.size(), target.branch);
  return out;
}

/// A file that a key names, beside cdctl.toml.
struct NamedFile {
  std::string key;
  fs::path path;
  bool signers = false;
};

std::vector<NamedFile> files_of(app::Context& context, const config::Keys& keys,
                                const TargetConfig& target) {
  std::vector<NamedFile> out;
  const auto secrets = keys.secret_files(true);  // those are looked at as secrets
  for (const auto& key : keys.all()) {
    if (key.place != config::KeyPlace::target || key.type != "file") continue;
    const auto given = config::value_at(target.table, key.name).as_string();
    if (given.empty() || std::ranges::find(secrets, key.name) != secrets.end()) continue;
    out.push_back(
        {std::string(key.name), context.config().file.parent_path() / given, names_signers(key)});
  }
  return out;
}

void look_at(const NamedFile& file, std::vector<TargetFault>& out) {
  const auto say = [&](std::string_view what) {
    out.push_back({file.key, fmt::format("{}: {}", file.key, what)});
  };
  std::error_code error;
  if (!fs::exists(file.path, error))
    return say(fmt::format("{} is not there{}", file.path.string(),
                           file.signers ? "; write a line into it for each whose votes count: an "
                                          "address and an SSH public key"
                                        : ""));
  if (const auto ours = only_ours_to_write(file.path); !ours) return say(ours.error().what);
  if (!file.signers) return;
  const auto text = read_file(file.path, 1 << 20);
  if (!text) return say(text.error().what);
  const auto seen = look_at_signers(*text);
  for (const auto& fault :
       std::span(seen.faults).first(std::min(seen.faults.size(), k_most_faults)))
    say(fmt::format("line {} of {}: {}", fault.line, file.path.string(), fault.what));
  if (seen.faults.size() > k_most_faults)
    say(fmt::format("{} more lines of {} are like that", seen.faults.size() - k_most_faults,
                    file.path.string()));
}

}  // namespace

bool is_here(const TargetConfig& target) {
  return target.repository.starts_with('/') || target.repository.starts_with("file://");
}

bool has_branches(app::Context& context, const TargetConfig& target) {
  const auto kind = source_kind(context, target);
  const auto* plugin = context.plugin_host().offering("source", kind);
  return plugin && std::ranges::any_of(plugin->roles, [&](const plugins::RoleInfo& role) {
           return role.role == "source" && role.kind == kind &&
                  std::ranges::find(role.keys, "branch") != role.keys.end();
         });
}

std::vector<Result<SourceState>> newest_of(app::Context& context,
                                           std::span<const TargetConfig* const> targets,
                                           const Deadline& deadline) {
  std::vector<Result<SourceState>> out(targets.size(), fail("nobody was asked"));
  std::map<std::string, std::vector<std::size_t>> by_kind;
  for (std::size_t i = 0; i < targets.size(); ++i)
    by_kind[source_kind(context, *targets[i])].push_back(i);
  for (const auto& [kind, places] : by_kind) {
    std::vector<SourceConfig> asked;
    for (const auto place : places) asked.push_back(trunk_of(context, *targets[place]));
    const auto source = context.source(kind);
    auto answers = source ? (*source)->newest(asked, deadline)
                          : std::vector<Result<SourceState>>(asked.size(), fail(source.error()));
    for (std::size_t i = 0; i < places.size(); ++i) out[places[i]] = std::move(answers[i]);
  }
  return out;
}

const TargetConfig* same_proposals(app::Context& context, const TargetConfig& target) {
  const config::Keys keys(context.plugin_host());
  const auto place = place_of_proposals(keys, target);
  for (const auto& other : context.config().targets)
    if (other.name != target.name && other.forge == target.forge &&
        other.repository == target.repository && place_of_proposals(keys, other) == place)
      return &other;
  return nullptr;
}

std::vector<TargetFault> faults_here(app::Context& context, const TargetConfig& target,
                                     const Deadline& deadline) {
  std::vector<TargetFault> out;
  const config::Keys keys(context.plugin_host());
  for (const auto& file : files_of(context, keys, target)) look_at(file, out);
  if (const auto* other = same_proposals(context, target))
    out.push_back(
        {"branch",
         fmt::format("targets {} and {} mean the same proposals, those for {} of "
                     "{}: give one of them another branch",
                     std::min(other->name, target.name), std::max(other->name, target.name),
                     target.branch, target.repository)});
  if (is_here(target)) {
    const auto* const one = &target;
    const auto answers = newest_of(context, std::span(&one, 1), deadline);
    if (!answers.front()) out.push_back({"repository", answers.front().error().what});
  }
  return out;
}

std::optional<std::size_t> voters_of(app::Context& context, const TargetConfig& target) {
  const config::Keys keys(context.plugin_host());
  std::optional<std::size_t> out;
  const auto* own = keys.find_in_target(target.forge + ".reviewers");
  if (own && names_signers(*own)) out = 0;  // else a server says who may
  for (const auto& file : files_of(context, keys, target)) {
    if (!file.signers) return {};  // a keyring may let others vote
    const auto text = read_file(file.path, 1 << 20);
    if (text) out = out.value_or(0) + look_at_signers(*text).good;
  }
  return out;
}

}  // namespace cdctl::land
