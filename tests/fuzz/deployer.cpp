#include <algorithm>

#include "plugins/mojo/bundle/deployer_file.hpp"
#include "tests/fuzz/property.hpp"

using namespace cdctl::mojo;
using cdctl::fuzz::must;

/// Every target resolves or has a problem, and what it resolves to prints as an equal bundle.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::vector<Problem> problems;
  const auto file = parse_deployer(cdctl::fuzz::as_text(data, size), "deployer", problems);
  if (!problems.empty()) return 0;
  auto targets = file.targets();
  targets.resize(std::min<std::size_t>(targets.size(), 20));
  must(file.bundle.has_value() != !targets.empty(), "it is a bundle, or has targets");
  if (file.bundle) targets.emplace_back();
  for (const auto& target : targets) {
    problems.clear();
    const auto bundle = select(file, file.bundle ? std::nullopt : std::optional(target), problems);
    if (!problems.empty()) continue;
    must(!bundle.root.find("inherits") || file.bundle, "nothing is left to inherit");
    const auto again = parse_bundle(print_bundle(bundle), "printed", problems);
    must(problems.empty(), "a printed deployment has no problem");
    must(again == bundle, "a printed deployment reads as an equal bundle");
  }
  return 0;
}
