#include "plugins/mojo/bundle/bundle.hpp"
#include "plugins/mojo/bundle/handover.hpp"
#include "tests/fuzz/property.hpp"

using namespace cdctl::mojo;
using cdctl::fuzz::must;

namespace {

void check_processes(const Bundle& bundle) {
  const std::vector<ProcfileEntry> entries{{"worker", "./work"}, {"web", "./web"}};
  std::vector<std::string> notes;
  const auto processes = processes_of(bundle, entries, {}, "bundle", notes);
  if (!processes) return;
  must(!processes->empty() && processes->size() <= entries.size(),
       "each process of the Procfile at most once");
  for (const auto& process : *processes) must(process.units > 0, "what is run has a count");
}

}  // namespace

/// A printed bundle reads as an equal one; one merged over itself has the applications it had, and
/// still prints.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto text = cdctl::fuzz::as_text(data, size);
  std::vector<Problem> problems;
  auto bundle = parse_bundle(text, "bundle", problems);
  check_processes(bundle);
  if (!problems.empty()) return 0;
  const auto printed = print_bundle(bundle);
  const auto again = parse_bundle(printed, "printed", problems);
  must(problems.empty(), "a printed bundle has no problem");
  must(again == bundle, "a printed bundle reads as an equal one");
  must(print_bundle(again) == printed, "it prints as the same text");
  const auto before = bundle.applications().size();
  add_overlay(bundle, printed, "overlay", true, problems);
  must(problems.empty(), "a bundle is an overlay of itself");
  must(bundle.applications().size() == before, "which has no other applications");
  const auto merged = parse_bundle(print_bundle(bundle), "merged", problems);
  must(problems.empty() && merged == bundle, "an overlaid bundle reads as an equal one");
  return 0;
}
