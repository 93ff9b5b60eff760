#include <algorithm>

#include "plugins/mojo/manifest/manifest.hpp"
#include "plugins/mojo/text/words.hpp"
#include "tests/fuzz/property.hpp"

using namespace cdctl::mojo;
using cdctl::fuzz::must;

namespace {

bool same_options(const ManifestRow& a, const ManifestRow& b) {
  return std::ranges::equal(a.options, b.options, [](const PhaseOption& x, const PhaseOption& y) {
    return x.key == y.key && x.value == y.value;
  });
}
bool same(const Manifest& a, const Manifest& b) {
  return std::ranges::equal(a.rows, b.rows, [](const ManifestRow& x, const ManifestRow& y) {
    return x.phase == y.phase && same_options(x, y);
  });
}

}  // namespace

/// Printed rows read as the same rows; no value makes the expansion of variables crash.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto manifest = parse_manifest(cdctl::fuzz::as_text(data, size), "manifest");
  for (const auto& row : manifest.rows) {
    for (const auto& option : row.options)
      (void)expand(option.value, [](const std::string& name) {
        return name.size() % 2 ? std::optional(name) : std::nullopt;
      });
  }
  if (!manifest.problems.empty()) return 0;
  const auto again = parse_manifest(print_manifest(manifest), "printed");
  must(again.problems.empty(), "a printed manifest has no problem");
  must(same(manifest, again), "a printed manifest has the same rows");
  return 0;
}
