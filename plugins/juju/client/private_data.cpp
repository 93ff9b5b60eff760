#include "plugins/juju/client/private_data.hpp"

#include <cerrno>
#include <ctime>
#include <vector>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

#include <cdctl/fs.hpp>

namespace cdctl::juju {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view k_prefix = "cdctl-juju-";
constexpr std::size_t k_largest = 16u << 20;
constexpr time_t k_stale_s = 3600;

Result<> write_private(const fs::path& path, std::string_view bytes) {
  const Fd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (fd.valid() && write_all(fd.get(), bytes)) return {};
  return fail(ExitCode::unknown, fmt::format("writing {}: {}", path.string(), errno_text(errno)));
}

Result<> copy_private(const fs::path& from, const fs::path& to) {
  auto bytes = read_file_if_there(from);
  if (!bytes) return fail(ExitCode::unknown, bytes.error().what);
  if (!*bytes) return {};
  if ((*bytes)->size() > k_largest)
    return fail(ExitCode::unknown,
                fmt::format("copying Juju's data: {} is too large", from.string()));
  return write_private(to, **bytes);
}

/// The login cookies, one file a controller.
Result<> copy_cookies(const fs::path& from, const fs::path& to) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(from, error)) {
    if (entry.path().extension() != ".json" || !entry.is_regular_file(error)) continue;
    CDCTL_TRY(copy_private(entry.path(), to / entry.path().filename()));
  }
  return {};
}

}  // namespace

Result<PrivateFolder> PrivateFolder::make(const fs::path& parent) {
  auto name = (parent / k_prefix).string() + "XXXXXX";
  if (!::mkdtemp(name.data()))
    return fail(ExitCode::unknown,
                fmt::format("making a folder in {}: {}", parent.string(), errno_text(errno)));
  return PrivateFolder{fs::path(name)};
}

Result<fs::path> PrivateFolder::write(std::string_view name, std::string_view bytes) const {
  const auto path = path_ / name;
  CDCTL_TRY(write_private(path, bytes));
  return path;
}

PrivateFolder::~PrivateFolder() {
  if (!path_.empty()) (void)remove_tree(path_);
}

Result<PrivateData> PrivateData::make(const fs::path& from, const fs::path& parent,
                                      bool credentials) {
  std::error_code error;
  if (!fs::exists(from / "controllers.yaml", error)) {
    return fail(
        ExitCode::config,
        fmt::format("{} knows no controller; run juju login or juju register, or set [juju] data",
                    from.string()));
  }
  CDCTL_TRY_ASSIGN(auto folder, PrivateFolder::make(parent));
  PrivateData data(std::move(folder));
  CDCTL_TRY(make_directories(data.scratch(), 0700));
  CDCTL_TRY(make_directories(data.path() / "cookies", 0700));
  for (const auto* file : {"controllers.yaml", "accounts.yaml"})
    CDCTL_TRY(copy_private(from / file, data.path() / file));
  if (credentials)
    CDCTL_TRY(copy_private(from / "credentials.yaml", data.path() / "credentials.yaml"));
  CDCTL_TRY(copy_cookies(from / "cookies", data.path() / "cookies"));
  return data;
}

void sweep_private_data(const fs::path& parent) {
  std::error_code error;
  std::vector<fs::path> stale;
  for (const auto& entry : fs::directory_iterator(parent, error)) {
    struct stat is{};
    if (!entry.path().filename().string().starts_with(k_prefix) ||
        ::lstat(entry.path().c_str(), &is) != 0)
      continue;
    if (S_ISDIR(is.st_mode) && is.st_uid == ::geteuid() &&
        is.st_mtime + k_stale_s < ::time(nullptr))
      stale.push_back(entry.path());
  }
  for (const auto& path : stale) (void)remove_tree(path);
}

}  // namespace cdctl::juju
