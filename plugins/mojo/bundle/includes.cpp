#include <fmt/format.h>

#include <cdctl/fs.hpp>
#include <cdctl/text.hpp>

#include "plugins/mojo/bundle/bundle.hpp"
#include "plugins/mojo/spec/stage.hpp"

namespace cdctl::mojo {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view k_file = "include-file://", k_base64 = "include-base64://";

std::string base64(std::string_view bytes) {
  static constexpr std::string_view k_letters =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const auto byte = [&](std::size_t k) {
      return i + k < bytes.size() ? static_cast<unsigned char>(bytes[i + k]) : 0u;
    };
    const auto group = byte(0) << 16 | byte(1) << 8 | byte(2);
    for (std::size_t k = 0; k < 4; ++k)
      out += i + k > bytes.size() ? '=' : k_letters[group >> (18 - 6 * k) & 63];
  }
  return out;
}

/// The file that PATH of an include means.
Result<fs::path> find_file(std::string_view written, const fs::path& local_dir) {
  auto relative = written;
  auto top = local_dir.string();
  while (top.size() > 1 && top.ends_with('/')) top.pop_back();
  if (relative.starts_with('/')) {
    if (!relative.starts_with(top) || !relative.substr(top.size()).starts_with('/')) {
      return fail(ExitCode::config,
                  fmt::format("'{}' is not below the local folder", printable(written, 120)));
    }
    relative.remove_prefix(std::min(relative.find_first_not_of('/', top.size()), relative.size()));
  }
  CDCTL_TRY(check_relative(relative, "file"));
  const auto path = local_dir / relative;
  std::error_code error;
  if (!fs::is_regular_file(path, error))
    return fail(ExitCode::config,
                fmt::format("there is no file '{}' in the local folder", printable(relative, 120)));
  if (!inside(path, local_dir))
    return fail(ExitCode::config, fmt::format("'{}' is a link that leads out of the local folder",
                                              printable(relative, 120)));
  return path;
}

Result<std::string> load(std::string_view written, bool encode, const fs::path& local_dir) {
  CDCTL_TRY_ASSIGN(const auto path, find_file(written, local_dir));
  CDCTL_TRY_ASSIGN(auto bytes, read_file(path, k_largest_file));
  if (encode) return base64(bytes);
  if (invalid_utf8(bytes) != std::string::npos || bytes.contains('\0')) {
    return fail(ExitCode::config,
                fmt::format("'{}' is no text; write include-base64://", printable(written, 120)));
  }
  return bytes;
}

void resolve(Yaml& value, const fs::path& local_dir, std::vector<Problem>& problems) {
  if (!value.is_scalar()) return;
  const bool encode = value.text.starts_with(k_base64);
  if (!encode && !value.text.starts_with(k_file)) return;
  const auto prefix = encode ? k_base64 : k_file;
  auto loaded = load(std::string_view(value.text).substr(prefix.size()), encode, local_dir);
  if (!loaded) {
    problems.push_back(value.place.problem(
        fmt::format("{}: {}", prefix.substr(0, prefix.size() - 3), loaded.error().what)));
    return;
  }
  value.text = std::move(*loaded);
  value.kind = Yaml::Kind::string;
  value.secret = true;
}

}  // namespace

void resolve_includes(Bundle& bundle, const fs::path& local_dir, std::vector<Problem>& problems) {
  for (const auto* group : {"applications", "machines"}) {
    auto* all = bundle.root.find(group);
    if (!all) continue;
    for (auto& member : all->members) {
      for (const auto* map : {"options", "annotations"}) {
        auto* values = member.value.find(map);
        if (!values) continue;
        for (auto& entry : values->members) resolve(entry.value, local_dir, problems);
      }
    }
  }
}

}  // namespace cdctl::mojo
