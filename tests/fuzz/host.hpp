#pragma once

#include <algorithm>
#include <filesystem>
#include <string>

#include <cdctl/host.hpp>

#include "tests/fuzz/property.hpp"

namespace cdctl::fuzz {

/// What people read is one line.
inline bool one_line(std::string_view text) {
  return std::ranges::none_of(
      text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

/// A host for a plugin's readers: what it is told is held to be one line, its HTTP is what the
/// harness puts in.
class FuzzHost final : public Host {
 public:
  Config config_value;
  Http* client = nullptr;
  std::string secret;  ///< of which nobody may speak
  std::filesystem::path home_folder =
      "/nowhere";  ///< one below a file cannot be made by root either

  const Config& config() const override { return config_value; }
  Result<Http*> http() override {
    if (client) return client;
    return fail(ExitCode::config, "there is no HTTP here");
  }
  Result<Source*> source(std::string_view) override {
    return fail(ExitCode::config, "there is no source here");
  }
  Result<Engine*> engine(std::string_view) override {
    return fail(ExitCode::config, "there is no engine here");
  }
  void log(Level, std::string_view line) override { check(line); }
  void progress(std::string_view line) override { check(line); }
  std::filesystem::path home() const override { return home_folder; }
  std::filesystem::path libexec() const override { return "/nowhere"; }
  std::string actor() const override { return "tester@test"; }

  void check(std::string_view line) const {
    must(!line.empty() && one_line(line), "what is told is one line");
    must(secret.empty() || !line.contains(secret), "nobody speaks of a secret");
  }
};

}  // namespace cdctl::fuzz
