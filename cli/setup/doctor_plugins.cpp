#include "cli/setup/doctor_plugins.hpp"

#include <array>
#include <cerrno>
#include <csignal>

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <cdctl/child.hpp>
#include <cdctl/fs.hpp>
#include <cdctl/stop.hpp>

namespace cdctl::cli {

namespace {

/// How long one that is asked to stop can take for it: it ends the programs that it has started.
constexpr auto k_grace = std::chrono::seconds(3);

struct Running {
  Child process;
  std::string text;
};

Json as_json(const std::vector<Check>& checks) {
  Json out = Json::array();
  for (const auto& check : checks)
    out.push_back(Json::object({{"what", check.what},
                                {"state", static_cast<int>(check.state)},
                                {"found", check.found},
                                {"cure", check.cure}}));
  return out;
}

std::vector<Check> from_json(const Json& json) {
  std::vector<Check> out;
  for (const auto& item : json.items())
    out.push_back({item["what"].as_string(), static_cast<Check::State>(item["state"].as_int()),
                   item["found"].as_string(), item["cure"].as_string()});
  return out;
}

/// Nothing of this process has a thread, so that all of it is whole in the copy.
Running begin(const Examination& one, Millis timeout) {
  auto process = Child::fork(
      [&](int fd) {
        Stop::install();
        (void)write_all(fd, as_json(one.examine()).dump());
      },
      timeout + 2 * k_grace);
  return process ? Running{std::move(*process), {}} : Running{};
}

/// Reads until it has said all (true), the deadline, or a stop request.
bool listen(Running& one, const Deadline& deadline, bool stoppable) {
  std::array<char, 8192> bytes{};
  while (one.process.out.valid() && !(stoppable && Stop::requested())) {
    std::array<pollfd, 2> wait{
        {{one.process.out.get(), POLLIN, 0}, {stoppable ? Stop::fd() : -1, POLLIN, 0}}};
    const int ready = ::poll(wait.data(), wait.size(), static_cast<int>(deadline.left().count()));
    if (ready == 0) return false;
    if (ready < 0 || wait[0].revents == 0) continue;
    const auto got = ::read(one.process.out.get(), bytes.data(), bytes.size());
    if (got == 0) return true;
    if (got > 0)
      one.text.append(bytes.data(), static_cast<std::size_t>(got));
    else if (errno != EINTR)
      return false;
  }
  return false;
}

void end(Running& one, bool done) {
  if (!done) {
    one.process.kill(SIGTERM);
    (void)listen(one, Deadline(k_grace), false);
  }
  one.process.end(Millis(0));
}

}  // namespace

std::vector<std::vector<Check>> examine_all(const std::vector<Examination>& all, Millis timeout) {
  const Deadline deadline(
      timeout + std::chrono::seconds(2));  // each keeps its own: this is for one that does not
  std::vector<Running> running;
  for (const auto& one : all) running.push_back(begin(one, timeout));
  std::vector<std::vector<Check>> out;
  for (std::size_t i = 0; i < all.size(); ++i) {
    end(running[i], listen(running[i], deadline, true));
    const auto json = Json::parse(running[i].text);
    if (json && json->is_array())
      out.push_back(from_json(*json));
    else
      out.push_back({{"plugin", Check::State::unknown,
                      fmt::format("the doctor of {} gave no answer within {}", all[i].plugin,
                                  to_duration(timeout)),
                      "give more time with --timeout"}});
  }
  return out;
}

}  // namespace cdctl::cli
