#include <cdctl/module.hpp>

#include <cerrno>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <grp.h>
#include <sys/stat.h>
#include <unistd.h>
#include <boost/dll/shared_library.hpp>

#include <cdctl/fs.hpp>
#include <cdctl/text.hpp>

namespace cdctl {

namespace fs = std::filesystem;

namespace {

using Library = boost::dll::shared_library;

/// The loader's own words. Boost.DLL puts them in the exception's text only.
std::string loader_reason(const std::exception& error) {
  std::string_view text = error.what();
  constexpr std::string_view mark = "dlerror system message: ";
  if (const auto at = text.find(mark); at != std::string_view::npos) {
    text.remove_prefix(at + mark.size());
    if (const auto close = text.rfind(')'); close != std::string_view::npos)
      text = text.substr(0, close);
  }
  return printable(text, 300);
}

/// Whether the owner is trusted with what we run: root, ourselves, and whoever became root by sudo.
bool ours(uid_t owner) {
  if (owner == 0 || owner == ::geteuid()) return true;
  const char* const caller = ::geteuid() == 0 ? std::getenv("SUDO_UID") : nullptr;
  return caller && *caller && std::to_string(owner) == caller;
}

/// A group of our own, as distributions make one for each user: nobody else is a member.
bool private_group(gid_t id) {
  if (id != ::getegid()) return false;
  const auto* const group = ::getgrgid(id);
  return !group || group->gr_mem == nullptr || *group->gr_mem == nullptr;
}

constexpr int k_most_links = 40;  // as many as the kernel follows

/// Whoever owns a symbolic link says what it leads to, be that ours ten times.
Result<> check_links(fs::path path) {
  for (int i = 0; i < k_most_links; ++i) {
    struct stat info{};
    if (::lstat(path.c_str(), &info) != 0 || !S_ISLNK(info.st_mode)) return {};
    if (!ours(info.st_uid))
      return fail(
          ExitCode::config,
          fmt::format("{} is a symbolic link of another user (uid {}), and only what belongs "
                      "to you or root is used; put the file itself there, or chown -h the "
                      "link if you trust it",
                      path.string(), info.st_uid));
    std::error_code error;
    const auto target = fs::read_symlink(path, error);
    if (error) return {};
    path = path.parent_path() / target;
  }
  return {};
}

/// Keeps a library to the end of the process, however many copies of its Module there are.
Library* keep(std::unique_ptr<Library> library) {
  static std::mutex mutex;
  static auto& kept = *new std::vector<std::unique_ptr<Library>>;
  const std::lock_guard lock(mutex);
  return kept.emplace_back(std::move(library)).get();
}

}  // namespace

Result<> only_ours_to_write(const fs::path& path) {
  const auto refuse = [](std::string what) { return fail(ExitCode::config, std::move(what)); };
  CDCTL_TRY(check_links(path));
  struct stat info{};
  if (::stat(path.c_str(), &info) != 0)
    return refuse(fmt::format("{}: {}", path.string(), errno_text(errno)));
  if (!ours(info.st_uid))
    return refuse(
        fmt::format("{} belongs to another user (uid {}), and only what belongs to you or root is "
                    "used; chown it if you trust it",
                    path.string(), info.st_uid));
  if ((info.st_mode & S_IWOTH) != 0)
    return refuse(fmt::format("others may write to {}; run chmod o-w on it", path.string()));
  if ((info.st_mode & S_IWGRP) != 0 && !private_group(info.st_gid))
    return refuse(fmt::format("a group may write to {}; run chmod g-w on it", path.string()));
  return {};
}

Result<Module> Module::open(const fs::path& file, Binding binding) {
  CDCTL_TRY(only_ours_to_write(file));
  // What the loader would wait for. It opens the file by itself.
  if (auto regular = open_regular_file(file); !regular)
    return fail(ExitCode::config, std::move(regular.error().what));
  auto library = std::make_unique<Library>();
  try {
    library->load(fs::canonical(file),
                  (binding == Binding::at_open ? boost::dll::load_mode::rtld_now
                                               : boost::dll::load_mode::rtld_lazy) |
                      boost::dll::load_mode::rtld_local);
  } catch (const std::exception& error) {
    const auto reason = loader_reason(error);
    return fail(ExitCode::config, reason.starts_with(file.string())
                                      ? reason
                                      : fmt::format("{}: {}", file.string(), reason));
  }
  return Module(file, keep(std::move(library)));
}

void* Module::find(const char* symbol) const {
  auto& library = *static_cast<Library*>(library_);
  return library.has(symbol) ? &library.get<char>(symbol) : nullptr;
}

}  // namespace cdctl
