#include "plugins/mojo/setup.hpp"

namespace cdctl::mojo {

FolderClue MojoSetup::do_look(const std::filesystem::path& folder) {
  std::error_code error;
  FolderClue clue;
  for (const auto* manifest : {"manifest", "production/manifest"})
    if (std::filesystem::is_regular_file(folder / manifest, error))
      clue.spec = "Mojo spec: its repository, URL or folder";
  return clue;
}

Result<SetupText> MojoSetup::do_interview(Dialogue&, const SetupService& service) {
  SetupText text;
  if (service.has_spec)
    text.service = "\n[mojo]\n# stage = \"production\"    # the part of the spec to deploy by\n";
  else
    text.sources =
        "# spec  = { git = \"…\" }              # a Mojo spec, instead of the trunk's Procfile\n";
  return text;
}

}  // namespace cdctl::mojo
