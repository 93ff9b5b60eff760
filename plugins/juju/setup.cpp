#include "plugins/juju/setup.hpp"

namespace cdctl::juju {

FolderClue JujuSetup::do_look(const std::filesystem::path& folder) {
  constexpr const char* k_bundle = "bundle.yaml";
  std::error_code error;
  FolderClue clue;
  if (!std::filesystem::is_regular_file(folder / k_bundle, error)) return clue;
  clue.engine = "juju";
  clue.because = k_bundle;
  return clue;
}

}  // namespace cdctl::juju
