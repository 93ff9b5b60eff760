#include "core/plugins/host.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <fstream>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/stat.h>
#include <unistd.h>
#include <boost/dll/library_info.hpp>
#include <boost/dll/shared_library.hpp>

#include <cdctl/fs.hpp>
#include <cdctl/text.hpp>

#include "core/files/toml_file.hpp"

// The host's side of the link-level gate: a plugin built for another interface version refers to
// another symbol.
extern "C" {
extern __attribute__((visibility("default"), used))
const char CDCTL_INTERFACE_SYMBOL(CDCTL_INTERFACE) = CDCTL_INTERFACE;
}

namespace cdctl::plugins {

namespace fs = std::filesystem;
using plugin::Descriptor;

struct PluginHost::Library {
  boost::dll::shared_library handle;
  const Descriptor* descriptor = nullptr;
};

namespace {

constexpr std::array<std::string_view, 9> k_roles{
    "source", "deployer", "engine", "memory", "switch", "feed", "probe", "doctor", "sink"};

std::vector<std::string> split_words(std::string_view text) {
  std::vector<std::string> out;
  while (!text.empty()) {
    const auto blank = std::min(text.find(' '), text.size());
    if (blank > 0) out.emplace_back(text.substr(0, blank));
    text.remove_prefix(std::min(blank + 1, text.size()));
  }
  return out;
}

/// The loader's own words. Boost.DLL puts them in the exception's text only.
std::string loader_reason(const std::exception& error) {
  std::string_view text = error.what();
  constexpr std::string_view mark = "dlerror system message: ";
  if (const auto at = text.find(mark); at != std::string_view::npos) {
    text.remove_prefix(at + mark.size());
    if (const auto close = text.rfind(')'); close != std::string_view::npos)
      text = text.substr(0, close);
  }
  return printable(text, 300);
}

/// Whether only root and ourselves may write to `path`; the reason otherwise.
std::string unsafe(const fs::path& path) {
  struct stat info{};
  if (::stat(path.c_str(), &info) != 0)
    return fmt::format("{}: {}", path.string(), errno_text(errno));
  if (info.st_uid != 0 && info.st_uid != ::geteuid())
    return fmt::format("{} belongs to another user; only root's and your own plugins are loaded",
                       path.string());
  if ((info.st_mode & S_IWOTH) != 0)
    return fmt::format("others may write to {}; run chmod o-w on it", path.string());
  if ((info.st_mode & S_IWGRP) != 0 && info.st_gid != ::getegid())
    return fmt::format("a group may write to {}; run chmod g-w on it", path.string());
  return {};
}

/// What the file says before any of its code runs: an ELF library with our symbol.
std::string inspect_file(const fs::path& file) {
  if (auto reason = unsafe(file); !reason.empty()) return reason;
  try {
    const auto symbols = boost::dll::library_info(file, true).symbols();
    if (std::ranges::find(symbols, "cdctl_plugin") == symbols.end())
      return file.string() + " exports no cdctl_plugin: it is no cdctl plugin";
  } catch (const std::exception&) {
    return file.string() + " is no complete shared library (truncated or of another machine)";
  }
  return {};
}

Result<const Descriptor*> check(const Descriptor* found, const fs::path& file) {
  const auto refuse = [&](std::string_view what, auto have, auto want) {
    return fail(ExitCode::config,
                fmt::format("{}: {} is {}, this cdctl needs {}; rebuild the plugin", file.string(),
                            what, have, want));
  };
  if (found->magic != plugin::k_magic)
    return refuse("the descriptor's magic", found->magic, plugin::k_magic);
  if (found->interface_version != CDCTL_INTERFACE)
    return refuse("the interface version", found->interface_version, CDCTL_INTERFACE);
  if (found->size != sizeof(Descriptor))
    return refuse("the descriptor's size", found->size, sizeof(Descriptor));
  if (std::strcmp(found->build_tag, CDCTL_BUILD_TAG) != 0)
    return refuse("the build", found->build_tag, CDCTL_BUILD_TAG);
  return found;
}

std::vector<RoleInfo> roles_of(const Descriptor& descriptor) {
  std::vector<RoleInfo> out;
  for (std::size_t i = 0; i < descriptor.role_count; ++i) {
    const auto& row = descriptor.roles[i];
    out.push_back({std::string(to_string(row.role)), row.kind, split_words(row.keys)});
  }
  return out;
}

/// What the manifest promises and the library does not keep; empty when they agree.
std::string lie(const PluginInfo& manifest, const Descriptor& real) {
  if (manifest.name != real.name)
    return fmt::format("the manifest says name {}, the library {}", manifest.name, real.name);
  if (manifest.version != real.version)
    return fmt::format("the manifest says version {}, the library {}", manifest.version,
                       real.version);
  const auto names = [](const std::vector<RoleInfo>& roles) {
    std::vector<std::string> out;
    for (const auto& row : roles) out.push_back(row.role + ":" + row.kind);
    return out;
  };
  const auto promised = names(manifest.roles), kept = names(roles_of(real));
  if (promised != kept)
    return fmt::format("the manifest says roles {}, the library {}", fmt::join(promised, " "),
                       fmt::join(kept, " "));
  if (manifest.commands.size() != real.command_count)
    return "the manifest and the library disagree about commands";
  return {};
}

std::vector<std::string> string_list(const Json& json) {
  std::vector<std::string> out;
  for (const auto& item : json.items()) out.push_back(item.as_string());
  return out;
}

CommandInfo command_from(const Json& json) {
  const auto text = [](const Json& from, std::string_view key) { return from[key].as_string(); };
  CommandInfo out{text(json, "name"),
                  text(json, "arguments"),
                  text(json, "summary"),
                  text(json, "examples"),
                  {}};
  for (const auto& option : json["options"].items()) {
    const auto letter = text(option, "letter");
    out.options.push_back({text(option, "name"), text(option, "value"), text(option, "help"),
                           option["repeatable"].as_bool(), letter.empty() ? '\0' : letter.front(),
                           text(option, "choices")});
  }
  return out;
}

/// The rows are in a file of their own: only the plugin's own commands need them.
fs::path commands_file(fs::path manifest) { return manifest.replace_extension(".commands.ndjson"); }

/// Read only where a record of the plugin is shown.
fs::path records_file(fs::path manifest) { return manifest.replace_extension(".records.ndjson"); }

PluginInfo read_manifest(const fs::path& path) {
  PluginInfo info;
  info.manifest = path;
  info.name = path.stem().string();
  auto file = files::read_toml(path);
  if (!file) {
    info.refused = file.error().what;
    return info;
  }
  const auto& table = file->table;
  info.version = table["version"].as_string();
  info.summary = table["summary"].as_string();
  info.interface_version = table["interface"].as_int();
  info.global_keys = string_list(table["global_keys"]);
  info.service_keys = string_list(table["service_keys"]);
  for (const auto& row : table["role"].items())
    info.roles.push_back(
        {row["role"].as_string(), row["kind"].as_string(), string_list(row["keys"])});
  for (const auto& name : string_list(table["commands"]))
    info.commands.push_back({name, {}, {}, {}, {}});
  const auto library = table["file"].as_string();
  info.file = path.parent_path() / library;
  if (library.empty() || library.contains('/'))
    info.refused = fmt::format("{}: 'file' must name a library in the same folder", path.string());
  else if (table["name"].view() != info.name)
    info.refused = fmt::format("{}: the manifest says name '{}', its file name {}", path.string(),
                               printable(table["name"].view(), 40), info.name);
  else if (info.interface_version != CDCTL_INTERFACE)
    info.refused =
        fmt::format("{}: made for interface version {}, this cdctl has {}; rebuild the plugin",
                    path.string(), info.interface_version, CDCTL_INTERFACE);
  else
    info.refused = unsafe(path);
  return info;
}

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
  const auto bad_folder =
      manifests.empty() ? std::string() : unsafe(manifests.front().parent_path());
  for (const auto& manifest : manifests) {
    PluginInfo info;
    if (bad_folder.empty()) {
      info = read_manifest(manifest);
    } else {
      info.name = manifest.stem().string();
      info.manifest = manifest;
      info.refused = bad_folder;
    }
    const auto same = [&](const PluginInfo& other) {
      return other.name == info.name && other.refused.empty();
    };
    if (const auto first = std::ranges::find_if(to, same);
        first != to.end() && info.refused.empty())
      info.refused = fmt::format("shadowed by {}", first->file.string());
    to.push_back(std::move(info));
  }
}

}  // namespace

std::string_view to_string(plugin::Role role) { return k_roles[static_cast<std::size_t>(role)]; }

PluginHost::PluginHost(std::vector<fs::path> folders) : folders_(std::move(folders)) {}
PluginHost::~PluginHost() {
  // Never unloaded: code and data of a plugin stay valid to the end of the process.
  for (auto& [path, library] : libraries_) (void)library.release();
}

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
      if (::access(commands_file(manifest).c_str(), F_OK) == 0)
        names.insert(manifest.stem().string());
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

std::shared_ptr<const records::RowStore> PluginHost::records() {
  if (records_) return records_;
  records_ = std::make_shared<records::RowStore>();
  for (const auto& info : plugins()) {
    if (!info.refused.empty()) continue;
    const auto text = read_file_if_there(records_file(info.manifest));
    if (!text || !*text) continue;
    for (const auto line : lines(**text))
      if (const auto row = Json::parse(line)) (void)records_->add(*row);
  }
  return records_;
}

std::string PluginHost::inspect(const PluginInfo& info) {
  return info.refused.empty() ? inspect_file(info.file) : info.refused;
}

Result<const Descriptor*> PluginHost::open(const PluginInfo& info) {
  if (!info.refused.empty()) return fail(ExitCode::config, info.refused);
  if (const auto there = libraries_.find(info.file); there != libraries_.end())
    return there->second->descriptor;
  if (auto reason = inspect_file(info.file); !reason.empty()) return fail(ExitCode::config, reason);
  auto library = std::make_unique<Library>();
  try {
    library->handle.load(fs::canonical(info.file),
                         boost::dll::load_mode::rtld_now | boost::dll::load_mode::rtld_local);
    CDCTL_TRY_ASSIGN(library->descriptor,
                     check(&library->handle.get<const Descriptor>("cdctl_plugin"), info.file));
  } catch (const std::exception& error) {
    const auto reason = loader_reason(error);
    return fail(ExitCode::config, reason.starts_with(info.file.string())
                                      ? reason
                                      : fmt::format("{}: {}", info.file.string(), reason));
  }
  if (const auto reason = lie(info, *library->descriptor); !reason.empty())
    return fail(ExitCode::config, fmt::format("{}: {}", info.file.string(), reason));
  return libraries_.emplace(info.file, std::move(library)).first->second->descriptor;
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
  for (std::size_t i = 0; i < (*descriptor)->role_count; ++i) {
    const auto& row = (*descriptor)->roles[i];
    if (row.role != role || kind != row.kind) continue;
    std::string what;
    if (void* made = row.create(host, what)) return made;
    return fail(ExitCode::config,
                fmt::format("the {} plugin cannot be used: {}", info->name, printable(what)));
  }
  return fail(ExitCode::config, fmt::format("the {} plugin offers no {} '{}'", info->name, word,
                                            printable(kind, 40)));
}

namespace {

std::string toml_string(const char* text) {
  std::string out;
  append_json_string(out, text ? text : "");  // a TOML basic string takes the same escapes
  return out;
}
std::string toml_list(const char* words) {
  std::vector<std::string> quoted;
  for (const auto& word : split_words(words ? words : ""))
    quoted.push_back(toml_string(word.c_str()));
  return fmt::format("[{}]", fmt::join(quoted, ", "));
}

}  // namespace

namespace {

std::string command_lines(const Descriptor& found) {
  const auto text = [](const char* words) { return words ? Json(words) : Json(""); };
  std::string out;
  for (std::size_t i = 0; i < found.command_count; ++i) {
    const auto& row = found.commands[i];
    auto options = Json::array();
    for (std::size_t j = 0; j < row.option_count; ++j) {
      const auto& option = row.options[j];
      options.push_back(
          Json::object({{"name", text(option.name)},
                        {"value", text(option.value)},
                        {"help", text(option.help)},
                        {"repeatable", option.repeatable},
                        {"letter", option.letter ? std::string(1, option.letter) : ""},
                        {"choices", text(option.choices)}}));
    }
    Json::object({{"name", text(row.name)},
                  {"arguments", text(row.arguments)},
                  {"summary", text(row.summary)},
                  {"examples", text(row.examples)},
                  {"options", std::move(options)}})
        .dump_to(out);
    out += '\n';
  }
  return out;
}

}  // namespace

Result<> PluginHost::read_commands(PluginInfo& info) {
  CDCTL_TRY_ASSIGN(const auto text, read_file(commands_file(info.manifest), 1u << 20));
  std::vector<CommandInfo> rows;
  for (std::string_view rest(text); !rest.empty();) {
    const auto end = std::min(rest.find('\n'), rest.size());
    const auto row = Json::parse(rest.substr(0, end));
    if (!row)
      return fail(ExitCode::config,
                  fmt::format("{}: {}", commands_file(info.manifest).string(), row.error().what));
    rows.push_back(command_from(*row));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  const auto same = [](const CommandInfo& a, const CommandInfo& b) { return a.name == b.name; };
  if (!std::ranges::equal(rows, info.commands, same)) {
    return fail(ExitCode::config,
                fmt::format("{} and {} disagree; build the plugin again",
                            commands_file(info.manifest).string(), info.manifest.string()));
  }
  info.commands = std::move(rows);
  return {};
}

Result<> write_manifest(const fs::path& library, const fs::path& manifest) {
  try {
    // Kept open on purpose, as every plugin.
    auto* handle = new boost::dll::shared_library(
        fs::canonical(library),
        boost::dll::load_mode::rtld_now | boost::dll::load_mode::rtld_local);
    CDCTL_TRY_ASSIGN(const Descriptor* const found,
                     check(&handle->get<const Descriptor>("cdctl_plugin"), library));
    std::string out =
        "# Made from the plugin's descriptor when it was built; the library is checked against it "
        "when it is opened.\n";
    auto at = std::back_inserter(out);
    fmt::format_to(at,
                   "name = {}\nversion = {}\nfile = {}\ninterface = {}\nbuild = {}\nsummary = "
                   "{}\nglobal_keys = {}\nservice_keys = {}\n",
                   toml_string(found->name), toml_string(found->version),
                   toml_string(library.filename().c_str()), found->interface_version,
                   toml_string(found->build_tag), toml_string(found->summary),
                   toml_list(found->global_keys), toml_list(found->service_keys));
    std::string names;
    for (std::size_t i = 0; i < found->command_count; ++i)
      names += fmt::format("{}{}", i ? " " : "", found->commands[i].name);
    fmt::format_to(at, "commands = {}\n", toml_list(names.c_str()));
    for (std::size_t i = 0; i < found->role_count; ++i) {
      const auto& row = found->roles[i];
      fmt::format_to(at, "\n[[role]]\nrole = \"{}\"\nkind = {}\nkeys = {}\n", to_string(row.role),
                     toml_string(row.kind), toml_list(row.keys));
    }
    if (found->command_count > 0)
      CDCTL_TRY(write_file_atomically(commands_file(manifest), command_lines(*found)));
    std::string records;
    for (std::size_t i = 0; i < found->record_count; ++i)
      records += records::to_json(found->records[i]).dump() + '\n';
    if (!records.empty())
      CDCTL_TRY(write_file_atomically(records_file(manifest), records));
    else
      (void)::unlink(records_file(manifest).c_str());  // of an earlier build
    return write_file_atomically(manifest, out);
  } catch (const std::exception& error) {
    return fail(fmt::format("{}: {}", library.string(), loader_reason(error)));
  }
}

Result<Http*> open_http_module(const fs::path& folder) {
  const auto file = folder / "cdctl-http.so";
  if (auto reason = unsafe(file); !reason.empty())
    return fail(ExitCode::config, "the HTTP module cannot be used: " + reason);
  try {
    auto* handle = new boost::dll::shared_library(
        fs::canonical(file), boost::dll::load_mode::rtld_lazy | boost::dll::load_mode::rtld_local);
    return handle->get<Http*()>("cdctl_make_http")();
  } catch (const std::exception& error) {
    return fail(ExitCode::config, "the HTTP module cannot be used: " + loader_reason(error));
  }
}

}  // namespace cdctl::plugins
