#include "plugins/mojo/spec/on_disk.hpp"

#include <cerrno>
#include <cstdlib>
#include <utility>

#include <fmt/format.h>

#include <cdctl/fs.hpp>

#include "plugins/mojo/spec/address.hpp"

namespace cdctl::mojo {

namespace fs = std::filesystem;

Result<SpecOnDisk> SpecOnDisk::open(Host& host, std::string_view text, const Deadline& deadline) {
  if (text.empty()) return fail(ExitCode::usage, "no spec given: name it, or set MOJO_SPEC");
  SpecOnDisk out;
  std::error_code error;
  if (const fs::path file(text); fs::is_regular_file(file, error)) {
    out.folder_ = fs::absolute(file).parent_path();
    out.manifest_ = file.filename().string();
    return out;
  }
  CDCTL_TRY_ASSIGN(const auto address, parse_spec_address(text));
  if (address.kind == "folder") {
    out.folder_ = address.url;
    return out;
  }
  auto name = (fs::temp_directory_path() / "cdctl-spec-XXXXXX").string();
  if (!::mkdtemp(name.data()))
    return fail(fmt::format("making a folder for the spec: {}", errno_text(errno)));
  out.temporary_ = name;
  out.folder_ = out.temporary_ / "spec";
  CDCTL_TRY(fetch_spec(host, address, out.folder_, deadline));
  return out;
}

SpecOnDisk::SpecOnDisk(SpecOnDisk&& other) noexcept
    : folder_(std::move(other.folder_)),
      temporary_(std::exchange(other.temporary_, {})),
      manifest_(std::move(other.manifest_)) {}

SpecOnDisk::~SpecOnDisk() {
  if (!temporary_.empty()) (void)remove_tree(temporary_);
}

}  // namespace cdctl::mojo
