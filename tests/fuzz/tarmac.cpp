#include <algorithm>

#include <cdctl/text.hpp>

#include "cli/setup/tarmac.hpp"
#include "core/files/toml_file.hpp"
#include "tests/fuzz/host.hpp"

using namespace cdctl;
using cdctl::fuzz::must;

/// A tarmac.conf: whatever is in it, the files that are made of it are TOML, each of a name of its
/// own, and ask for no less than it does.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto import = cli::import_tarmac(
      cdctl::fuzz::as_text(data, size),
      [](const std::string& branch) { return branch.starts_with("lp:") ? "bzr" : std::string(); });
  if (!import) {
    must(import.error().exit == ExitCode::config && fuzz::one_line(import.error().what),
         "what is no tarmac.conf is told in one line");
    return 0;
  }
  must(!import->targets.empty(), "an import makes something");
  for (std::size_t i = 0; i < import->targets.size(); ++i) {
    const auto& target = import->targets[i];
    must(valid_word(target.name), "a target has a name");
    for (std::size_t j = 0; j < i; ++j)
      must(import->targets[j].name != target.name, "and no other has it");
    const auto file = files::parse_toml(target.text, "/nowhere/" + target.name + ".toml");
    must(file.has_value(), "what is written for it is TOML");
    must(!file->table["verify"]["command"].view().empty() || target.text.contains("command = \"\""),
         "what it is tested by is written down");
  }
  for (const auto& key : import->keys)
    must(key.to.has_value() || !key.why.empty(), "what has no place is told why");
  return 0;
}
