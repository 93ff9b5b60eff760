#include "cli/command_line/external_commands.hpp"

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <set>

#include <dirent.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cdctl/child.hpp>
#include <cdctl/fs.hpp>
#include <cdctl/text.hpp>

#include "cli/command_line/command.hpp"

namespace cdctl::cli {

std::map<std::string, std::filesystem::path> external_commands() {
  constexpr std::string_view k_prefix = "cdctl-";
  std::map<std::string, std::filesystem::path> out;
  std::set<std::pair<dev_t, ino_t>> seen;
  const char* path = std::getenv("PATH");
  for (const auto part : split(path ? path : "", ':')) {
    const std::string folder(part);
    // /bin is /usr/bin on most machines, and many a PATH names a folder twice.
    struct stat info{};
    if (!folder.starts_with('/') || ::stat(folder.c_str(), &info) != 0 ||
        !seen.emplace(info.st_dev, info.st_ino).second)
      continue;
    // readdir and not an iterator of std::filesystem: /usr/bin has thousands of names, and this is
    // half of what a TAB costs.
    DIR* names = ::opendir(folder.c_str());
    while (const auto* entry = names ? ::readdir(names) : nullptr) {
      const std::string_view name(entry->d_name);
      if (!name.starts_with(k_prefix) || !valid_word(name.substr(k_prefix.size()))) continue;
      if (std::ranges::find(commands(), name.substr(k_prefix.size()), &Command::name) !=
          commands().end())
        continue;
      const auto file = std::filesystem::path(folder) / name;
      if (::access(file.c_str(), X_OK) == 0) out.emplace(name.substr(k_prefix.size()), file);
    }
    if (names) ::closedir(names);
  }
  return out;
}

std::optional<std::string> exec_external(const std::string& name,
                                         const std::vector<std::string>& words) {
  if (!valid_word(name)) return {};
  const auto program = find_program("cdctl-" + name);
  if (!program) return {};
  std::vector<std::string> argv{program->string()};
  argv.insert(argv.end(), words.begin(), words.end());
  std::vector<char*> pointers;
  for (auto& word : argv) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  std::signal(SIGPIPE, SIG_DFL);
  ::execv(program->c_str(), pointers.data());
  return fmt::format("starting {}: {}", program->string(), errno_text(errno));
}

}  // namespace cdctl::cli
