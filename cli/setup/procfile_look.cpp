#include "cli/setup/procfile_look.hpp"

#include <algorithm>

#include <cdctl/fs.hpp>
#include <cdctl/roles.hpp>
#include <cdctl/set_name.hpp>
#include <cdctl/text.hpp>

namespace cdctl::cli {

ProcfileLook look_at_procfile(const std::filesystem::path& folder) {
  ProcfileLook out;
  const auto text = read_file_if_there(folder / "Procfile");
  if (!text || !*text) return out;
  for (const auto line : lines(**text)) {
    const auto type = line.substr(0, std::min(line.find(':'), line.size()));
    if (!line.contains(':') || !valid_word(type)) continue;
    if (type == k_release)
      out.release = true;
    else
      out.processes.emplace_back(type);
  }
  return out;
}

}  // namespace cdctl::cli
