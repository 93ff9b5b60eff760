#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <cdctl/fs.hpp>
#include <cdctl/host.hpp>
#include <cdctl/module.hpp>
#include <cdctl/roles.hpp>

namespace cdctl::test {

/// A folder of its own for one test, removed with the object.
class TempDir {
 public:
  TempDir() {
    std::string name = (std::filesystem::temp_directory_path() / "cdctl-test-XXXXXX").string();
    if (!::mkdtemp(name.data())) std::abort();
    path_ = name;
  }
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  ~TempDir() { (void)remove_tree(path_); }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

/// A host for plugin code under test: what it logs is kept; other roles are what the test puts in.
class TestHost final : public Host {
 public:
  explicit TestHost(std::filesystem::path home) : home_(std::move(home)) {}

  Config config_value;
  std::map<std::string, Source*> sources;
  std::map<std::string, Engine*> engines;
  std::vector<std::string> logged;

  const Config& config() const override { return config_value; }
  Result<Http*> http() override {
    if (!http_) {
      CDCTL_TRY_ASSIGN(auto* const make,
                       module_function<Http*()>(CDCTL_BUILD_DIR "/" CDCTL_LIBDIR "/cdctl-http.so",
                                                "cdctl_make_http", "the HTTP module"));
      http_.reset(make());
    }
    return http_.get();
  }
  Result<Source*> source(std::string_view kind) override { return look(sources, kind); }
  Result<Engine*> engine(std::string_view name) override { return look(engines, name); }
  void log(Level, std::string_view line) override { logged.emplace_back(line); }
  void progress(std::string_view line) override { logged.emplace_back(line); }
  std::filesystem::path home() const override { return home_; }
  std::filesystem::path libexec() const override { return CDCTL_BUILD_DIR "/" CDCTL_LIBEXEC_DIR; }
  std::string actor() const override { return "tester@test"; }

 private:
  template <class Role>
  static Result<Role*> look(const std::map<std::string, Role*>& from, std::string_view name) {
    const auto at = from.find(std::string(name));
    if (at == from.end()) return fail(ExitCode::config, "no plugin offers " + std::string(name));
    return at->second;
  }
  std::filesystem::path home_;
  std::unique_ptr<Http> http_;
};

}  // namespace cdctl::test
