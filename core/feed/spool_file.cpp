#include "core/feed/spool_file.hpp"

#include <cerrno>
#include <csignal>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cdctl/digest.hpp>
#include <cdctl/fs.hpp>
#include <cdctl/signal.hpp>
#include <cdctl/text.hpp>

namespace cdctl::feed {

namespace {

constexpr std::size_t k_longest_file = 64u << 20, k_longest_log = 4u << 20;

/// Whether somebody has it open for writing. Linux grants a read lease only where nobody has
/// (fcntl: F_SETLEASE); where leases cannot be had at all, we must believe that nobody has.
bool being_written(int fd) {
  ::fcntl(fd, F_SETSIG,
          SIGURG);  // ignored by default, should anyone break the lease in the moment we hold it
  if (::fcntl(fd, F_SETLEASE, F_RDLCK) == 0) {
    ::fcntl(fd, F_SETLEASE, F_UNLCK);
    return false;
  }
  return errno == EAGAIN;
}

Result<Json> signal_of(std::string_view line, const std::string& where, Time written) {
  CDCTL_TRY_ASSIGN(auto json, Json::parse(line));
  if (!json.is_object()) return fail("not a JSON object");
  if (json["id"].view().empty())
    json.set("id", "spool-" + sha256_hex(where + ":" + std::string(line)).substr(0, 32));
  if (json["time"].is_null()) json.set("time", to_rfc3339(written));
  return from_either_form(std::move(json));
}

}  // namespace

Result<std::optional<SpoolFile::Content>> SpoolFile::read() const {
  const Fd fd(::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (!fd.valid() && errno == ENOENT) return std::optional<Content>();
  struct stat info{};
  if (!fd.valid() || ::fstat(fd.get(), &info) != 0)
    return fail(fmt::format("opening {}: {}", path_.string(), errno_text(errno)));
  if (!S_ISREG(info.st_mode)) return fail(fmt::format("{} is no file; remove it", path_.string()));
  if (being_written(fd.get())) return std::optional<Content>();
  CDCTL_TRY_ASSIGN(const auto text, read_file(path_, k_longest_file));
  const Time written(std::chrono::duration_cast<Millis>(
      std::chrono::seconds(info.st_mtim.tv_sec) + std::chrono::nanoseconds(info.st_mtim.tv_nsec)));
  Content out;
  std::size_t number = 0;
  for (const auto line : lines(text)) {
    ++number;
    if (trimmed(line).empty()) continue;
    auto signal = signal_of(line, fmt::format("{}:{}", path_.filename().string(), number), written);
    if (signal)
      out.signals.push_back(std::move(*signal));
    else
      out.bad.push_back(
          {std::string(line), fmt::format("line {}: {}", number, signal.error().what)});
  }
  return std::optional(std::move(out));
}

Result<> keep_refused(const std::filesystem::path& log, std::span<const SpoolFile::BadLine> lines) {
  if (lines.empty()) return {};
  const Fd fd(::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600));
  struct stat info{};
  if (!fd.valid() || ::fstat(fd.get(), &info) != 0)
    return fail(fmt::format("opening {}: {}", log.string(), errno_text(errno)));
  if (static_cast<std::size_t>(info.st_size) > k_longest_log)
    return {};  // whoever writes only rubbish fills no disk
  std::string text;
  for (const auto& line : lines) text += fmt::format("# {}\n{}\n", line.why, line.text);
  if (!write_all(fd.get(), text))
    return fail(fmt::format("writing {}: {}", log.string(), errno_text(errno)));
  return {};
}

}  // namespace cdctl::feed
