#pragma once

#include <catch2/catch.hpp>

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include <cdctl/source.hpp>
#include <cdctl/time.hpp>

#include "plugins/git/git_source.hpp"
#include "plugins/mojo/run/deployer.hpp"
#include "tests/support/git_repo.hpp"
#include "tests/support/test_host.hpp"

namespace cdctl::test {

namespace fs = std::filesystem;

/// A claim that keeps what it was told to start.
class FakeClaim final : public Claim {
 public:
  explicit FakeClaim(fs::path workspace) : workspace_(std::move(workspace)) {
    fs::create_directories(workspace_);
  }
  std::vector<Workload> started, ran;
  std::vector<BundleWorkload> bundles;
  bool charms = false;  ///< plays an engine of charms

  const SetStatus& do_found() const noexcept override { return status_; }
  fs::path do_workspace() const override { return workspace_; }
  Result<std::optional<std::string>> do_load_secret(std::string_view) override {
    return std::optional<std::string>();
  }
  Result<> do_save_secret(std::string_view, std::string_view) override { return {}; }
  Result<> do_clean(const Deadline&) override { return remove_tree(workspace_); }
  Result<> do_start(const Workload& workload, const Deadline&) override {
    started.push_back(workload);
    return {};
  }
  Result<Ran> do_run(const Workload& workload, const Deadline&) override {
    ran.push_back(workload);
    return Ran{};
  }
  bool do_takes_bundles() const override { return charms; }
  Result<> do_start_bundle(const BundleWorkload& workload, const Deadline&) override {
    bundles.push_back(workload);
    return {};
  }
  Result<> do_finish() override { return {}; }
  Result<> do_halt(const Deadline&) override { return {}; }
  void do_abandon(std::string_view) override {}

 private:
  fs::path workspace_;
  SetStatus status_;
};

/// A service with a trunk and a spec in real repositories.
struct Stand {
  TempDir dir;
  TestHost host{dir.path() / "home"};
  git::GitSource git{host};
  GitRepo trunk{dir.path() / "trunk.src"}, spec{dir.path() / "spec.src"};
  ServiceConfig service;
  Sources sources;
  FakeClaim claim{dir.path() / "set" / "work"};
  std::map<std::string, std::string> env{{"AMQP_URL", "amqp://thumbs:s3cretpass@broker/"},
                                         {"CDCTL_SET", "thumbs-r0123456789"}};
  Millis patience{30'000};
  std::string hidden;  ///< of what a release command would have said

  Stand() {
    host.sources["git"] = &git;
    service.name = "thumbs";
    service.file = "thumbs.toml";
    service.table = Json::object();
    trunk.write("Procfile", "worker: ./run.sh\n");
  }
  void with_spec(const std::string& manifest) { spec.write("manifest", manifest); }
  void script(const std::string& name, const std::string& text) {
    spec.write(name, "#!/bin/sh\n" + text, true);
  }
  void source(const std::string& name, const std::string& kind, const std::string& url,
              const std::string& revision) {
    std::erase_if(service.sources, [&](const SourceConfig& old) { return old.name == name; });
    service.sources.push_back({"thumbs", name, kind, url, Json::object()});
    sources[name] = {kind, url, revision, {}};
  }
  Result<> deploy(bool spec_too = true) {
    source("trunk", "git", trunk.url(), trunk.commit_all("trunk"));
    if (spec_too) source("spec", "git", spec.url(), spec.commit_all("spec"));
    sources["service"] = {"file", "", std::string(64, 'a'), {}};
    const DeployRequest request{service,
                                {"thumbs", "r0123456789"},
                                sources,
                                env,
                                Deadline(patience),
                                [this](const Workload& workload, const Hide& hide) -> Result<> {
                                  hidden = hide("amqp://thumbs:s3cretpass@broker/");
                                  if (!claim.started.empty())
                                    return fail("the units were started before it");
                                  CDCTL_TRY(claim.run(workload, Deadline(patience)));
                                  return {};
                                }};
    return mojo::MojoDeployer(host).deploy(request, claim);
  }
  fs::path work(const std::string& name) const { return claim.workspace() / name; }
  std::string text(const fs::path& file) const { return read_file(file).value_or("(absent)"); }
};

}  // namespace cdctl::test

#define REQUIRE_DONE(result)                            \
  do {                                                  \
    const auto done_ = (result);                        \
    INFO((done_ ? std::string() : done_.error().what)); \
    REQUIRE(done_);                                     \
  } while (false)
