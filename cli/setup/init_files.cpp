#include "cli/setup/init_files.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cdctl/fs.hpp>
#include <cdctl/stop.hpp>

#include "cli/setup/new_file.hpp"
#include "core/records/file.hpp"

namespace cdctl::cli {

namespace fs = std::filesystem;

namespace {

/// The password goes only where nobody else can put something in its place: no link, no file or
/// folder that others may use.
Result<> refuse_shared(const fs::path& secret) {
  struct stat folder{}, file{};
  if (::lstat(secret.parent_path().c_str(), &folder) == 0 &&
      (!S_ISDIR(folder.st_mode) || folder.st_uid != ::geteuid() || (folder.st_mode & 022) != 0))
    return fail(ExitCode::refused,
                fmt::format("init: {} is no folder that you alone may write to, and a password "
                            "would go there; chmod go-w it, or move it away",
                            secret.parent_path().string()));
  if (::lstat(secret.c_str(), &file) == 0 &&
      (!S_ISREG(file.st_mode) || file.st_uid != ::geteuid() || (file.st_mode & 077) != 0))
    return fail(
        ExitCode::refused,
        fmt::format("init: {} is no file that you alone may read; chmod 600 it, or move it away",
                    secret.string()));
  return {};
}

}  // namespace

std::vector<NewFile> files_of(const InitAnswers& answers, const fs::path& file, bool adding) {
  const auto folder = file.parent_path();
  std::vector<NewFile> out;
  for (const auto& secret : answers.plugins.files) {
    if (secret.text.empty()) continue;
    // The folder of a secret tells git to leave it alone.
    out.push_back({folder / secret.path.parent_path() / ".gitignore", "*\n", 0644, false});
    out.push_back({folder / secret.path, secret.text, 0600, true});
  }
  out.push_back(
      {folder / "services.d" / (answers.service + ".toml"), service_text(answers), 0644, false});
  if (!adding) out.push_back({file, configuration_text(answers), 0644, false});
  return out;
}

Result<> write_files(Context& context, const std::vector<NewFile>& files, bool dry_run) {
  for (const auto& file : files) {
    bool made = true;
    if (!dry_run) {
      CDCTL_TRY(make_directories(file.path.parent_path(),
                                 file.path.parent_path().filename() == "secrets" ? 0700 : 0755));
      CDCTL_TRY_ASSIGN(made, make_new_file(file.path, file.text, file.mode));
      crash_point("init.file");
    }
    records::FileRecord record;
    record.path = file.path.string();
    record.changed = made;
    record.dry_run = dry_run;
    if (dry_run && !file.secret) record.text = file.text;
    record.time = now();
    context.out.write(records::encode(record));
  }
  return {};
}

Result<> refuse_taken(const std::vector<NewFile>& files) {
  for (const auto& file : files) {
    if (file.secret) CDCTL_TRY(refuse_shared(file.path));
    CDCTL_TRY_ASSIGN(const auto there, read_file_if_there(file.path));
    if (there && *there != file.text) {
      return fail(
          ExitCode::refused,
          fmt::format("init: {} is there already and stays as it is; edit it{}", file.path.string(),
                      file.path.parent_path().filename() == "services.d"
                          ? ", or give another --service"
                          : ", or move it away"));
    }
  }
  return {};
}

}  // namespace cdctl::cli
