#include "core/land/passing_line.hpp"

#include <algorithm>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cdctl/fs.hpp>
#include <cdctl/text.hpp>

#include "core/app/share.hpp"
#include "core/land/sandbox.hpp"

namespace cdctl::land {

namespace {

constexpr Millis k_a_while(5'000);

/// What a growing log says at present.
struct Said {
  std::string line;     ///< the last one
  Time at{};            ///< when
  bool goes_on = true;  ///< what is said since is in it, too
};

Said last_said(const std::filesystem::path& log) {
  Said out;
  const Fd file(::open(log.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat info{};
  if (!file.valid() || ::fstat(file.get(), &info) != 0) return out;
  out.at =
      Time(Millis(std::int64_t{info.st_mtim.tv_sec} * 1000 + info.st_mtim.tv_nsec / 1'000'000));
  out.goes_on = info.st_size < static_cast<off_t>(SandboxJob::k_log_head);
  char buffer[2048];
  const auto from = std::max<off_t>(0, info.st_size - static_cast<off_t>(sizeof buffer));
  const auto got = ::pread(file.get(), buffer, sizeof buffer, from);
  if (got <= 0) return out;
  const auto all = lines(trimmed({buffer, static_cast<std::size_t>(got)}));
  if (!all.empty()) out.line = all.back();
  return out;
}

}  // namespace

std::string passing_line(std::string_view what, const std::filesystem::path& log,
                         const TestTimes& times, Time at) {
  const auto said = last_said(log);
  const auto silent = said.at == Time() ? Millis(0) : at - said.at;
  auto out = fmt::format("{}{}{}{}", app::share_of(times.elapsed, times.limit), what,
                         said.line.empty() ? "" : ": ", printable(said.line, 200));
  if (said.goes_on && silent >= k_a_while)
    out += fmt::format(" (silent for {} of {})", to_age(silent), to_duration(times.silence));
  return out;
}

}  // namespace cdctl::land
