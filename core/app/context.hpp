#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <cdctl/host.hpp>
#include <cdctl/plugin.hpp>

#include "core/app/output.hpp"
#include "core/plugins/host.hpp"

namespace cdctl::app {

/// Everything a command uses: configuration, plugins, output. Opens each part when it is first
/// asked for.
class Context : public Host {
 public:
  struct Options {
    std::string config;                    ///< --config
    std::vector<std::string> plugin_path;  ///< --plugin-path
  };
  Context(Options options, Output& output);
  ~Context() override;

  Output& out;

  /// Finds and reads the configuration. Exit code `config` when there is none, or it cannot be
  /// used; and when nothing says where the home is.
  [[nodiscard]] Result<> load_config();
  /// Whether there is a home, by the environment and what was loaded. Exit code `config`.
  [[nodiscard]] Result<> check_home() const;
  /// Reads this file instead of what was found before: `init` has just made it.
  [[nodiscard]] Result<> load_config_file(const std::filesystem::path& file);
  [[nodiscard]] const Options& options() const { return options_; }
  [[nodiscard]] bool has_config() const { return config_.has_value(); }
  // What tests use instead of files and plugins.
  void use_config(Config config) { config_ = std::move(config); }
  template <class Role>
  void use(std::string_view kind, Role& role) {
    roles_[role_key<Role>(kind)] = &role;
  }
  [[nodiscard]] plugins::PluginHost& plugin_host();

  // Host
  [[nodiscard]] const Config& config() const override;
  [[nodiscard]] Result<Http*> http() override;
  [[nodiscard]] Result<Source*> source(std::string_view kind) override;
  [[nodiscard]] Result<Engine*> engine(std::string_view name) override;
  void log(Level level, std::string_view line) override;
  void progress(std::string_view line) override;
  [[nodiscard]] std::filesystem::path home() const override;
  [[nodiscard]] std::filesystem::path libexec() const override;
  [[nodiscard]] std::string actor() const override;

  [[nodiscard]] Result<Deployer*> deployer(std::string_view name);
  [[nodiscard]] Result<Memory*> memory(std::string_view name);
  [[nodiscard]] Result<Switch*> switch_(std::string_view name);
  [[nodiscard]] Result<Feed*> feed(std::string_view name);
  [[nodiscard]] Result<Probe*> probe(std::string_view name);
  [[nodiscard]] Result<Doctor*> doctor(std::string_view name);
  [[nodiscard]] Result<Sink*> sink(std::string_view name);
  [[nodiscard]] Result<Setup*> setup(std::string_view name);
  [[nodiscard]] Result<Forge*> forge(std::string_view name);
  [[nodiscard]] Result<Repository*> repository(std::string_view kind);
  /// Who keeps the memory of a service: the plugin whose table it has, or the home of this machine.
  [[nodiscard]] std::string memory_name(const ServiceConfig& service);
  /// The same for a service that is not configured here.
  [[nodiscard]] std::string memory_name();
  /// Whether the memory of a service is asked over the network.
  [[nodiscard]] bool memory_is_remote(const ServiceConfig& service);
  /// Who carries signals: the plugin whose table cdctl.toml has, or the home of this machine.
  [[nodiscard]] std::string feed_name();
  /// The switches of a service that are plugins of their own, in the order of a cut (the engine is
  /// not among them).
  [[nodiscard]] std::vector<std::string> broker_switches(const ServiceConfig& service);

  /// Says why on stderr and remembers the exit code (design §3: of 1, 4, 6, 5 the first that
  /// occurred).
  void report(const Error& error);
  void note_exit(ExitCode code);
  /// A `cdctl.error/1` record on stdout beside the line on stderr.
  void report_record(std::optional<std::string_view> service, std::string_view doing,
                     const Error& error);
  [[nodiscard]] int exit_code() const;

 private:
  template <class Role>
  static std::string role_key(std::string_view kind) {
    return std::string(plugins::to_string(plugin::role_of<Role>)) + ":" + std::string(kind);
  }
  template <class Role>
  Result<Role*> role(std::string_view kind);
  std::string owner(std::string_view role, const Json& table);

  Options options_;
  std::optional<Config> config_;
  std::unique_ptr<plugins::PluginHost> plugins_;
  std::unique_ptr<Http> http_;
  std::map<std::string, void*> roles_;  ///< live to the end of the process, as the plugins do
  int exit_ = 0;
  mutable std::string actor_;  ///< asked for in every record: looked up once
};

}  // namespace cdctl::app
