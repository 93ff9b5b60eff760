// Runs each harness over its seeds and over small changes of them, so that the harnesses are built
// and hold in every build. Ends itself at a finding.
#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <random>
#include <string>
#include <utility>
#include <vector>

// The list of harnesses is made by tests/cmake/fuzz.cmake.
#define HARNESS(name) extern "C" int fuzz_##name(const std::uint8_t* data, std::size_t size);
#include "harnesses.inc"
#undef HARNESS

namespace {

namespace fs = std::filesystem;
using Harness = int (*)(const std::uint8_t*, std::size_t);
constexpr std::pair<const char*, Harness> k_harnesses[]{
#define HARNESS(name) {#name, fuzz_##name},
#include "harnesses.inc"
#undef HARNESS
};

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

/// Small changes of a seed, the same at each run: what a finding mostly is. Few, so that all
/// harnesses take seconds.
void mutate(Harness harness, const fs::path& file) {
  constexpr int k_rounds = 300;
  std::ifstream in(file, std::ios::binary);
  const std::string text(std::istreambuf_iterator<char>(in), {});
  if (text.empty() || text.size() > 4096) return;
  std::minstd_rand random(static_cast<unsigned>(text.size()));
  for (int round = 0; round < k_rounds; ++round) {
    auto bytes = text;
    for (auto changes = random() % 3 + 1; changes > 0 && !bytes.empty(); --changes) {
      const auto at = random() % bytes.size();
      switch (random() % 4) {
        case 0:
          bytes[at] = static_cast<char>(random());
          break;
        case 1:
          bytes.erase(at, random() % 8 + 1);
          break;
        case 2:
          bytes.insert(at, bytes.substr(random() % bytes.size(), random() % 16));
          break;
        default:
          bytes[at] = bytes[random() % bytes.size()];
      }
    }
    const std::vector<std::uint8_t> exact(bytes.begin(), bytes.end());
    harness(exact.data(), exact.size());
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
      mutate(harness, file);
    }
  }
  return 0;
}
