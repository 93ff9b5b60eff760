#include "plugins/bzr/testament.hpp"

#include <cdctl/digest.hpp>
#include <cdctl/text.hpp>

namespace cdctl::bzr {

namespace {

/// `  file a ID SHA1 REVISION no`: without the revision in which it was changed last, which is
/// another for the same bytes. Blanks in a name are escaped, and there are none in what follows it.
std::string without_revision(std::string_view line) {
  const auto last = line.rfind(' ');
  const auto before = last == line.npos || last == 0 ? line.npos : line.rfind(' ', last - 1);
  if (before == line.npos) return std::string(line);
  return std::string(line.substr(0, before)).append(line.substr(last));
}

}  // namespace

Result<Testament> parse_testament(std::string_view text) {
  std::string files;
  bool inside = false, seen = false;
  for (const auto line : lines(text)) {
    if (!line.starts_with(' ')) {
      inside = line == "inventory:" && !seen;
      seen = seen || inside;
    } else if (inside) {
      files += without_revision(line) + "\n";
    }
  }
  if (!seen || !text.starts_with("bazaar-ng testament version 2"))
    return fail(ExitCode::unknown, "brz testament gave none");
  return Testament{sha256_hex(text), sha256_hex(files)};
}

}  // namespace cdctl::bzr
