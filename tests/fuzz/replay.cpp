// Runs each harness over its seeds, so that the harnesses are built and hold in every build. Ends
// itself at a finding.
#include <algorithm>
#include <array>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>
#include <vector>

extern "C" {
int fuzz_manifest(const std::uint8_t* data, std::size_t size);
int fuzz_collect(const std::uint8_t* data, std::size_t size);
int fuzz_bundle(const std::uint8_t* data, std::size_t size);
int fuzz_deployer(const std::uint8_t* data, std::size_t size);
int fuzz_juju_status(const std::uint8_t* data, std::size_t size);
int fuzz_juju_lists(const std::uint8_t* data, std::size_t size);
}

namespace {

namespace fs = std::filesystem;
using Harness = int (*)(const std::uint8_t*, std::size_t);
constexpr std::array<std::pair<const char*, Harness>, 6> k_harnesses{
    {{"manifest", fuzz_manifest},
     {"collect", fuzz_collect},
     {"bundle", fuzz_bundle},
     {"deployer", fuzz_deployer},
     {"juju_status", fuzz_juju_status},
     {"juju_lists", fuzz_juju_lists}}};

std::vector<fs::path> files_in(const fs::path& folder) {
  std::vector<fs::path> files;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) files.push_back(entry.path());
  std::ranges::sort(files);
  return files;
}

/// The file as it is, and cut short at every line: what an editor may leave.
void replay(Harness harness, const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  const std::string text(std::istreambuf_iterator<char>(in), {});
  for (std::size_t end = 0; end <= text.size();
       end = std::min(text.find('\n', end), text.size() - 1) + 1) {
    const std::vector<std::uint8_t> bytes(
        text.begin(), text.begin() + static_cast<std::ptrdiff_t>(
                                         end));  // its end is its end for a sanitizer, too
    harness(bytes.data(), bytes.size());
    if (end == text.size()) break;
  }
}

}  // namespace

int main(int count, char** words) {
  const fs::path seeds = count > 1 ? words[1] : ".";
  for (const auto& [name, harness] : k_harnesses) {
    const auto files = files_in(seeds / name);
    if (files.empty()) {
      std::cerr << "no seeds in " << (seeds / name) << '\n';
      return 1;
    }
    for (const auto& file : files) {
      std::cerr << "replaying " << file.string() << '\n';  // the last line names the finding
      replay(harness, file);
    }
  }
  return 0;
}
