#include "core/app/configurations.hpp"

#include <chrono>
#include <system_error>

#include <cdctl/digest.hpp>
#include <cdctl/fs.hpp>
#include <cdctl/set_name.hpp>
#include <cdctl/text.hpp>

namespace cdctl::app {

namespace fs = std::filesystem;

namespace {

constexpr const char *k_services = "services.d", *k_targets = "targets.d";
constexpr auto k_handed_down_for = std::chrono::hours(24 * 7);

fs::path all_of(const Context& context) { return context.home() / "configurations"; }

bool is_there(const fs::path& path) {
  std::error_code error;
  return fs::exists(path, error);
}

/// A file of the configuration itself, and not what was read of it when this process began.
bool has_file(const fs::path& config, const std::string& folder, const std::string& name) {
  return is_there(config.parent_path() / folder / (name + ".toml"));
}

bool was_noted(const fs::path& own, const std::string& name) {
  return is_there(own / "services" / name);
}

void write_once(const fs::path& file, std::string_view text) {
  if (is_there(file) || !make_directories(file.parent_path(), 0700)) return;
  (void)write_file_atomically(file, text, 0600);
}

/// Its service, where it names only a set.
std::string service_of(const Json& record) {
  if (auto service = record["service"].as_string(); !service.empty()) return service;
  const auto set = parse_set_name(record["set"].view());
  return set ? set->service : std::string();
}

}  // namespace

std::string configuration_key(const Config& config) {
  return sha256_hex(config.file.lexically_normal().string()).substr(0, 16);
}

fs::path own_folder(const Context& context) {
  return all_of(context) / configuration_key(context.config());
}

void note_configuration(const Context& context, std::string_view service) {
  const auto& config = context.config();
  if (config.file.empty()) return;
  const auto own = own_folder(context);
  write_once(own / "configuration", config.file.lexically_normal().string() + "\n");
  const auto name = std::string(service);
  if (valid_word(name) && (config.service(name) || config.broken.contains(name)))
    write_once(own / "services" / name, "");
}

bool Neighbours::look(const std::string& folder, const std::string& name) const {
  const auto& config = context_->config();
  const bool services = folder == k_services;
  const bool loaded = services ? config.service(name) || config.broken.contains(name)
                               : config.target(name) || config.broken_targets.contains(name);
  const auto own = own_folder(*context_);
  if (loaded || has_file(config.file, folder, name) || (services && was_noted(own, name)))
    return false;
  std::error_code error;
  for (fs::directory_iterator at(all_of(*context_), error), end; !error && at != end;
       at.increment(error)) {
    if (at->path().filename() == own.filename()) continue;
    const auto file = read_file_if_there(at->path() / "configuration");
    if (!file || !*file) continue;
    const fs::path other(trimmed(**file));
    if (!is_there(other)) continue;  // gone, or moved: it tells nobody of what was its own
    if ((services && was_noted(at->path(), name)) || has_file(other, folder, name)) return true;
  }
  return false;
}

bool Neighbours::theirs(const std::string& folder, const std::string& name) {
  if (!valid_word(name)) return false;
  const auto [at, fresh] = known_.try_emplace(folder + "/" + name, false);
  if (fresh) at->second = look(folder, name);
  return at->second;
}

bool Neighbours::have_service(const std::string& name) { return theirs(k_services, name); }

bool Neighbours::have(const Json& record) {
  if (const auto service = service_of(record); !service.empty()) return have_service(service);
  return theirs(k_targets, record["target"].as_string());
}

Result<std::optional<std::string>> handed_down(const fs::path& file) {
  auto kept = file;
  kept += ".before";
  std::error_code error;
  // Set aside with the time of the first that took it over. A kill in between leaves both.
  CDCTL_TRY_ASSIGN(const auto text, fs::is_regular_file(file, error)
                                        ? read_file_if_there(file)
                                        : Result<std::optional<std::string>>(std::nullopt));
  if (text) {
    CDCTL_TRY(write_file_atomically(kept, *text, 0600));
    fs::remove(file, error);
    return text;
  }
  const auto since = fs::last_write_time(kept, error);
  if (error) return std::nullopt;
  if (fs::file_time_type::clock::now() - since < k_handed_down_for) return read_file_if_there(kept);
  fs::remove(kept, error);
  return std::nullopt;
}

}  // namespace cdctl::app
