#include "script.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>

#include <fcntl.h>
#include <unistd.h>

#include <fmt/format.h>

#include <cdctl/fs.hpp>
#include <cdctl/names.hpp>
#include <cdctl/process.hpp>

extern char** environ;

namespace cdctl::mojo {

namespace {

constexpr std::size_t k_tail = 4096;       // bytes of output kept for the error
constexpr std::size_t k_shown = 400;       // of them in the error line

bool secret_name(std::string_view name) {
  constexpr std::array<std::string_view, 8> parts{"PASSW", "SECRET", "TOKEN", "APIKEY", "API_KEY", "PRIVATE", "CREDENTIAL", "AMQP_URL"};
  std::string upper(name);
  std::ranges::transform(upper, upper.begin(), [](unsigned char c) { return static_cast<char>(c >= 'a' && c <= 'z' ? c - 32 : c); });
  return std::ranges::any_of(parts, [&](std::string_view part) { return upper.contains(part); });
}

/// The output of a script on its way: to the logs, to who watches, and its end to the error.
class Output {
 public:
  Output(Host& host, const Script& script, const Mask& mask) : host_(host), script_(script), mask_(mask) {}

  Result<> open() {
    for (const auto& [fd, path] : {std::pair{&log_, &script_.log}, std::pair{&all_, &script_.all_log}}) {
      *fd = Fd(::open(path->c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600));
      if (!fd->valid()) return fail(fmt::format("opening {}: {}", path->string(), errno_text(errno)));
    }
    return {};
  }
  void take(std::string_view chunk) {
    write(log_, chunk);
    write(all_, chunk);
    tail_ += chunk;
    if (tail_.size() > 2 * k_tail) tail_.erase(0, tail_.size() - k_tail);
    for (std::size_t end = 0; !chunk.empty(); chunk.remove_prefix(std::min(end + 1, chunk.size()))) {
      end = std::min(chunk.find('\n'), chunk.size());
      if (line_.size() < k_tail) line_ += chunk.substr(0, end);
      if (end < chunk.size()) tell();
    }
  }
  void finish() {
    if (!line_.empty()) tell();
    if (!lost_.empty()) host_.log(Level::warning, fmt::format("{}: the log is not complete: {}", script_.log.string(), lost_));
  }
  /// The last lines, squeezed to one. The mask comes first: a cut could leave half a secret.
  [[nodiscard]] std::string last_words() const {
    const auto text = mask_.apply(tail_);
    std::string out;
    std::string_view rest(text);
    while (!rest.empty() && out.size() < k_shown) {
      while (rest.ends_with('\n')) rest.remove_suffix(1);
      const auto start = rest.rfind('\n');
      auto line = rest.substr(start == std::string_view::npos ? 0 : start + 1);
      rest = start == std::string_view::npos ? std::string_view() : rest.substr(0, start);
      if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
      if (line.size() > k_shown) line.remove_prefix(line.size() - k_shown);  // what it said last is why it ended
      out = printable(line, k_shown) + (out.empty() ? "" : " | " + out);
    }
    return out;
  }

 private:
  void tell() {
    host_.progress(fmt::format("{}: {}", script_.name, printable(mask_.apply(line_))));
    line_.clear();
  }
  void write(const Fd& fd, std::string_view bytes) {
    while (!bytes.empty()) {
      const auto put = ::write(fd.get(), bytes.data(), bytes.size());
      if (put < 0 && errno == EINTR) continue;
      if (put <= 0) {
        if (lost_.empty()) lost_ = errno_text(errno);
        return;
      }
      bytes.remove_prefix(static_cast<std::size_t>(put));
    }
  }

  Host& host_;
  const Script& script_;
  const Mask& mask_;
  Fd log_, all_;
  std::string tail_, line_, lost_;
};

}  // namespace

void Mask::add(std::string_view secret) {
  if (secret.size() <= 6) return;
  secrets_.emplace_back(secret);
  std::ranges::stable_sort(secrets_, std::ranges::greater(), &std::string::size);
}

void Mask::add_environment() {
  for (char** entry = environ; *entry; ++entry) {
    const std::string_view text(*entry);
    const auto equals = text.find('=');
    if (equals != std::string_view::npos && secret_name(text.substr(0, equals))) add(text.substr(equals + 1));
  }
}

std::string Mask::apply(std::string text) const {
  for (const auto& secret : secrets_) {
    for (auto at = text.find(secret); at != std::string::npos; at = text.find(secret, at + 3)) text.replace(at, secret.size(), "***");
  }
  return text;
}

Result<> run_script(Host& host, const Script& script, const Mask& mask) {
  Output output(host, script, mask);
  CDCTL_TRY(output.open());
  output.take(fmt::format("== {} at {}\n", script.name, to_rfc3339(now())));
  Command command;
  command.argv = {script.file.string()};
  command.env = script.env;
  command.unset_env = {"AMQP_URL"};  // only the units get the broker's password
  command.directory = script.directory;
  command.max_output = 0;
  command.on_output = [&](std::string_view chunk) { output.take(chunk); };
  command.deadline = script.deadline;
  const auto finished = run(command);
  output.finish();
  if (!finished) return fail(finished.error());
  if (finished->ok()) return {};
  const auto exit = finished->timed_out   ? ExitCode::timeout
                    : finished->interrupted ? (Stop::signal() == SIGTERM ? ExitCode::terminated : ExitCode::interrupted)
                                            : ExitCode::failed;
  const auto words = output.last_words();
  return fail(exit, fmt::format("{}; last output: {}; all of it: {}", finished->how(), words.empty() ? "(none)" : words, script.log.string()));
}

}  // namespace cdctl::mojo
