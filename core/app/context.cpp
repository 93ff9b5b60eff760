#include "core/app/context.hpp"

#include <cstdlib>

#include <fmt/format.h>
#include <pwd.h>
#include <unistd.h>

#include <cdctl/error_record.hpp>
#include <cdctl/fs.hpp>
#include <cdctl/module.hpp>
#include <cdctl/stop.hpp>
#include <cdctl/text.hpp>

#include "core/app/unanswered.hpp"
#include "core/config/load.hpp"
#include "core/config/place.hpp"
#include "core/plugins/program_folder.hpp"

namespace cdctl::app {

namespace fs = std::filesystem;

namespace {

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

void add_folders(std::vector<fs::path>& to, std::string_view list) {
  for (const auto folder : split(list, ':'))
    if (!folder.empty()) to.push_back(fs::absolute(folder));
}

fs::path data_home() {
  if (const auto xdg = environment("XDG_DATA_HOME"); xdg.starts_with('/')) return xdg;
  if (const auto home = environment("HOME"); home.starts_with('/'))
    return fs::path(home) / ".local/share";
  return {};
}

}  // namespace

Context::Context(Options options, Output& output) : out(output), options_(std::move(options)) {}
Context::~Context() { plugins::keep_for_good(http_.release()); }

plugins::PluginHost& Context::plugin_host() {
  if (!plugins_) {
    std::vector<fs::path> folders;
    for (const auto& folder : options_.plugin_path) add_folders(folders, folder);
    add_folders(folders, environment("CDCTL_PLUGIN_PATH"));
    if (const auto home = data_home(); !home.empty()) folders.push_back(home / "cdctl/plugins");
    folders.push_back(plugins::module_folder() / "plugins");
    plugins_ = std::make_unique<plugins::PluginHost>(std::move(folders));
  }
  return *plugins_;
}

Result<> Context::load_config() {
  if (!config_) {
    CDCTL_TRY_ASSIGN(config_, config::find_config(options_.config, plugin_host()));
  }
  return check_home();
}

Result<> Context::load_config_file(const fs::path& file) {
  CDCTL_TRY_ASSIGN(config_, config::find_config(file.string(), plugin_host()));
  return check_home();
}

Result<> Context::check_home() const {
  CDCTL_TRY_ASSIGN(const auto home,
                   config::home_folder(config().table, config().file.parent_path()));
  return config::check_home_folder(home);
}

const Config& Context::config() const {
  static const Config none;
  return config_ ? *config_ : none;
}

Result<Http*> Context::http() {
  if (!http_) {
    CDCTL_TRY_ASSIGN(auto* const make,
                     module_function<Http*()>(plugins::module_folder() / "cdctl-http.so",
                                              "cdctl_make_http", "the HTTP module"));
    http_.reset(make());
  }
  return http_.get();
}

template <class Role>
Result<Role*> Context::role(std::string_view kind) {
  const auto key = role_key<Role>(kind);
  if (const auto there = roles_.find(key); there != roles_.end())
    return static_cast<Role*>(there->second);
  CDCTL_TRY_ASSIGN(void* const made, plugin_host().create(plugin::role_of<Role>, kind, *this));
  roles_[key] = made;
  return static_cast<Role*>(made);
}
Result<Source*> Context::source(std::string_view kind) { return role<Source>(kind); }
Result<Engine*> Context::engine(std::string_view name) { return role<Engine>(name); }
Result<Deployer*> Context::deployer(std::string_view name) { return role<Deployer>(name); }
Result<Memory*> Context::memory(std::string_view name) { return role<Memory>(name); }
Result<Switch*> Context::switch_(std::string_view name) { return role<Switch>(name); }
Result<Feed*> Context::feed(std::string_view name) { return role<Feed>(name); }
Result<Probe*> Context::probe(std::string_view name) { return role<Probe>(name); }
Result<Doctor*> Context::doctor(std::string_view name) { return role<Doctor>(name); }
Result<Sink*> Context::sink(std::string_view name) { return role<Sink>(name); }
Result<Setup*> Context::setup(std::string_view name) { return role<Setup>(name); }
Result<Forge*> Context::forge(std::string_view name) { return role<Forge>(name); }
Result<Repository*> Context::repository(std::string_view kind) { return role<Repository>(kind); }

std::vector<std::string> Context::broker_switches(const ServiceConfig& service) {
  std::vector<std::string> names;
  for (const auto& name : service.switches)
    if (name != service.engine) names.push_back(name);
  return names;
}
/// Who has a table of its own goes before what is embedded, which needs none.
std::string Context::owner(std::string_view role, const Json& table) {
  if (!table.is_object()) return k_embedded;  // no configuration, no look at manifests
  for (auto& kind : plugin_host().owning(role, table))
    if (kind != k_embedded) return std::move(kind);
  return k_embedded;
}
std::string Context::memory_name(const ServiceConfig& service) {
  return owner("memory", service.table);
}
std::string Context::memory_name() { return owner("memory", config().table); }
bool Context::memory_is_remote(const ServiceConfig& service) {
  return memory_name(service) != k_embedded;
}
std::string Context::feed_name() { return owner("feed", config().table); }

void Context::log(Level level, std::string_view line) {
  if (level == Level::warning)
    out.warning(line);
  else if (level == Level::note)
    out.note(line);
  else
    out.debug(line);
}
void Context::progress(std::string_view line) { out.progress(line); }

fs::path Context::home() const {
  // Whoever comes here without check_home() must make none below the current folder
  return config::home_folder(config().table, config().file.parent_path())
      .value_or("/dev/null/set-HOME-or-CDCTL_HOME");
}

fs::path Context::libexec() const {
  return (plugins::program_folder().parent_path() / CDCTL_LIBEXEC_DIR).lexically_normal();
}

std::string Context::actor() const {
  if (!actor_.empty()) return actor_;
  char host[256] = "localhost";
  ::gethostname(host, sizeof host - 1);
  const struct passwd* user = ::getpwuid(::geteuid());
  return actor_ =
             fmt::format("{}@{}", user ? user->pw_name : fmt::format("uid{}", ::geteuid()), host);
}

void Context::note_exit(ExitCode code) {
  // "the first of 1, 4, 6, 5 that occurred"
  constexpr int precedence[] = {1, 4, 6, 5, 3, 2};
  const int value = static_cast<int>(code);
  for (const int candidate : precedence) {
    if (exit_ == candidate || value == candidate) {
      exit_ = candidate;
      return;
    }
  }
  if (exit_ == 0) exit_ = value;
}

void Context::report(const Error& error) {
  out.error(error.what);
  note_exit(error.exit);
}

void Context::report_record(std::optional<std::string_view> service, std::string_view doing,
                            const Error& told) {
  const auto error = unanswered(told);
  out.write(records::encode(records::error_record(service.value_or(""), doing, error)));
  report(service ? error.in(*service) : error);
}

int Context::exit_code() const {
  if (const int signal = Stop::signal(); signal != 0) return 128 + signal;
  return exit_;
}

}  // namespace cdctl::app
