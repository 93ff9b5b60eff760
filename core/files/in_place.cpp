#include "core/files/in_place.hpp"

#include <algorithm>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cdctl/fs.hpp>

namespace cdctl::files {

std::string padded(std::string text, std::size_t size) {
  if (text.ends_with('\n')) text.pop_back();
  const auto full = (text.size() / size + 1) * size;
  text.resize(full - 1, ' ');
  return text + "\n";
}

Result<> replace_small(const std::filesystem::path& path, const std::string& text) {
  auto done = write_file_atomically(path, text, 0600);
  if (done) return done;
  const Fd file(::open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  struct stat info{};
  if (!file.valid() || ::fstat(file.get(), &info) != 0 ||
      static_cast<std::size_t>(info.st_size) != text.size())
    return done;
  const auto put = ::pwrite(file.get(), text.data(), text.size(), 0);
  if (put != static_cast<ssize_t>(text.size()) || ::fdatasync(file.get()) != 0) return done;
  return {};
}

}  // namespace cdctl::files
