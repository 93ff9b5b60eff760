#include "plugins/mojo/collect/file.hpp"
#include "tests/fuzz/property.hpp"

using namespace cdctl::mojo;
using cdctl::fuzz::must;

/// Printed lines read as the same lines.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::vector<Problem> problems, warnings;
  const auto lines =
      parse_collect_file(cdctl::fuzz::as_text(data, size), "collect", problems, warnings);
  if (!problems.empty()) return 0;
  const auto again = parse_collect_file(print_collect_file(lines), "printed", problems, warnings);
  must(problems.empty(), "a printed collect file has no problem");
  must(lines == again, "a printed collect file has the same lines");
  return 0;
}
