#include "core/plugins/host.hpp"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include <cdctl/module.hpp>
#include <cdctl/text.hpp>

#include "core/plugins/gate.hpp"

namespace cdctl::plugins {

namespace fs = std::filesystem;
using plugin::Descriptor;

namespace {

std::vector<fs::path> manifests_in(const fs::path& folder) {
  std::error_code error;
  std::vector<fs::path> out;
  for (const auto& entry : fs::directory_iterator(folder, error))
    if (entry.path().extension() == ".toml") out.push_back(entry.path());
  std::ranges::sort(out);
  return out;
}

/// Reads the manifests of one folder. The first usable plugin of a name shadows those that come
/// after it.
void add_plugins(const std::vector<fs::path>& manifests, std::vector<PluginInfo>& to) {
  if (manifests.empty()) return;
  const auto folder = only_ours_to_write(manifests.front().parent_path());
  for (const auto& manifest : manifests) {
    PluginInfo info;
    if (folder) {
      info = read_manifest(manifest);
    } else {
      info.name = manifest.stem().string();
      info.manifest = manifest;
      info.refused = folder.error().what;
    }
    const auto same = [&](const PluginInfo& other) {
      return other.name == info.name && other.refused.empty();
    };
    if (const auto first = std::ranges::find_if(to, same);
        first != to.end() && info.refused.empty()) {
      info.refused = fmt::format("shadowed by {}", first->file.string());
      info.shadowed = true;
    }
    to.push_back(std::move(info));
  }
}

}  // namespace

PluginHost::PluginHost(std::vector<fs::path> folders) : folders_(std::move(folders)) {}

const std::vector<PluginInfo>& PluginHost::plugins() {
  if (!scanned_) {
    scanned_ = true;
    for (const auto& folder : folders_) add_plugins(manifests_in(folder), plugins_);
  }
  return plugins_;
}

std::vector<PluginInfo> PluginHost::with_commands() const {
  std::vector<std::vector<fs::path>> found;
  std::set<std::string> names;
  for (const auto& folder : folders_) {
    found.push_back(manifests_in(folder));
    for (const auto& manifest : found.back())
      if (has_commands(manifest)) names.insert(manifest.stem().string());
  }
  std::vector<PluginInfo> out;
  for (auto& manifests : found) {  // one without commands may shadow a later one that has some
    std::erase_if(manifests, [&](const fs::path& manifest) {
      return !names.contains(manifest.stem().string());
    });
    add_plugins(manifests, out);
  }
  std::erase_if(
      out, [](const PluginInfo& info) { return !info.refused.empty() || info.commands.empty(); });
  return out;
}

const PluginInfo* PluginHost::offering(std::string_view role, std::string_view kind) {
  for (const auto& info : plugins())
    for (const auto& row : info.roles)
      if (info.refused.empty() && row.role == role && row.kind == kind) return &info;
  return nullptr;
}

std::vector<std::string> PluginHost::owning(std::string_view role, const Json& table) {
  std::vector<std::string> out;
  for (const auto& info : plugins())
    for (const auto& row : info.roles)
      if (row.role == role && table[info.name].is_object()) out.push_back(row.kind);
  return out;
}

std::vector<std::string> PluginHost::kinds(std::string_view role) {
  std::vector<std::string> out;
  for (const auto& info : plugins())
    for (const auto& row : info.roles)
      if (row.role == role && info.refused.empty()) out.push_back(row.kind);
  return out;
}

std::shared_ptr<const records::RowStore> PluginHost::records() {
  if (records_) return records_;
  records_ = std::make_shared<records::RowStore>();
  for (const auto& info : plugins())
    if (info.refused.empty()) (void)read_records(info, *records_);
  return records_;
}

std::string PluginHost::inspect(const PluginInfo& info) {
  if (!info.refused.empty()) return info.refused;
  const auto whole = gate::check_file(info.file);
  return whole ? std::string() : whole.error().what;
}

Result<const Descriptor*> PluginHost::open(const PluginInfo& info) {
  if (!info.refused.empty()) return fail(ExitCode::config, info.refused);
  if (const auto there = opened_.find(info.file); there != opened_.end()) return there->second;
  CDCTL_TRY(gate::check_file(info.file));
  CDCTL_TRY_ASSIGN(const auto* const found, gate::open(info.file));
  if (const auto reason = mismatch(info, *found); !reason.empty())
    return fail(ExitCode::config, fmt::format("{}: {}", info.file.string(), reason));
  return opened_[info.file] = found;
}

Result<void*> PluginHost::create(plugin::Role role, std::string_view kind, Host& host) {
  const auto word = to_string(role);
  const auto* info = offering(word, kind);
  if (!info) {
    for (const auto& other : plugins()) {  // a refused plugin is the likely reason: say why
      if (other.name == kind && !other.refused.empty())
        return fail(ExitCode::config,
                    fmt::format("the {} plugin cannot be used: {}", other.name, other.refused));
    }
    return fail(ExitCode::config, fmt::format("no plugin offers {} '{}'; see cdctl plugins", word,
                                              printable(kind, 40)));
  }
  auto descriptor = open(*info);
  if (!descriptor)
    return fail(ExitCode::config, fmt::format("the {} plugin cannot be used: {}", info->name,
                                              descriptor.error().what));
  for (const auto& row : (*descriptor)->roles) {
    if (row.role != role || kind != row.kind) continue;
    std::string what;
    if (void* made = row.create(host, what)) {
      keep_for_good(made);
      return made;
    }
    return fail(ExitCode::config,
                fmt::format("the {} plugin cannot be used: {}", info->name, printable(what)));
  }
  return fail(ExitCode::config, fmt::format("the {} plugin offers no {} '{}'", info->name, word,
                                            printable(kind, 40)));
}

void keep_for_good(void* object) {
  static auto& kept = *new std::vector<void*>;
  if (object) kept.push_back(object);
}

}  // namespace cdctl::plugins
