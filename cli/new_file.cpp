#include "new_file.hpp"

#include <cerrno>

#include <fmt/format.h>
#include <unistd.h>

#include <cdctl/fs.hpp>
#include <cdctl/names.hpp>

namespace cdctl::cli {

Result<bool> make_new_file(const std::filesystem::path& path, std::string_view bytes, unsigned mode) {
  CDCTL_TRY_ASSIGN(const auto there, read_file_if_there(path));
  if (there && *there == bytes) return false;
  const auto taken = [&] { return fail(ExitCode::refused, fmt::format("{} is there already and stays as it is; edit it, or move it away", path.string())); };
  if (there) return taken();
  const auto draft = path.parent_path() / fmt::format(".{}.{}", path.filename().string(), random_hex(4));
  CDCTL_TRY(write_file_atomically(draft, bytes, mode));
  const int linked = ::link(draft.c_str(), path.c_str());  // unlike rename, it refuses what is there
  const int why = errno;
  ::unlink(draft.c_str());
  if (linked == 0) return true;
  if (why == EEXIST) return taken();
  return fail(fmt::format("making {}: {}", path.string(), errno_text(why)));
}

}  // namespace cdctl::cli
