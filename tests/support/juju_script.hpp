#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "plugins/juju/client/access.hpp"
#include "tests/support/test_host.hpp"

namespace cdctl::test {

inline void write_text(const std::filesystem::path& path, const std::string& text) {
  std::ofstream(path) << text;
}

/// A juju that is the given shell script, alone in PATH with the system's own programs.
class ScriptedJuju {
 public:
  explicit ScriptedJuju(const std::string& script) {
    std::filesystem::create_directories(folder() / "bin");
    std::filesystem::create_directories(folder() / "data/cookies");
    std::filesystem::create_directories(folder() / "private");
    write_text(folder() / "data/controllers.yaml", "controllers: {}\n");
    write_text(folder() / "data/credentials.yaml", "the-cloud-key");
    write_text(folder() / "bin/juju", "#!/bin/sh\necho \"$*\" >> " + (folder() / "calls").string() +
                                          "\nls $JUJU_DATA >> " + (folder() / "files").string() +
                                          "\ncd " + folder().string() + "\n" + script);
    std::filesystem::permissions(folder() / "bin/juju", std::filesystem::perms::owner_all);
    static const std::string path = std::getenv("PATH");
    ::setenv("PATH", ((folder() / "bin").string() + ":" + path).c_str(), 1);
    access.data = folder() / "data";
    access.private_parent = folder() / "private";
  }
  [[nodiscard]] const std::filesystem::path& folder() const { return dir_.path(); }
  [[nodiscard]] std::vector<std::string> lines(const char* file) const {
    std::ifstream in(folder() / file);
    std::vector<std::string> out;
    for (std::string line; std::getline(in, line);) out.push_back(line);
    return out;
  }
  juju::Access access;

 private:
  TempDir dir_;
};

}  // namespace cdctl::test
