#include "cli/setup/doctor_plugins.hpp"

#include <array>
#include <cerrno>
#include <csignal>

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cdctl/child.hpp>
#include <cdctl/fs.hpp>
#include <cdctl/stop.hpp>

namespace cdctl::cli {

namespace {

struct Child {
  pid_t pid = -1;
  Fd from;
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

void write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const auto done = ::write(fd, text.data(), text.size());
    if (done < 0 && errno != EINTR) return;
    if (done > 0) text.remove_prefix(static_cast<std::size_t>(done));
  }
}

/// Nothing of this process has a thread, so that all of it is whole in the child.
Child begin(const Examination& one) {
  Child child;
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return child;
  child.from = Fd(ends[0]);
  child.pid = ::fork();
  if (child.pid == 0) {
    write_all(ends[1], as_json(one.examine()).dump());
    ::_exit(0);  // what the parent has buffered is the parent's to write
  }
  ::close(ends[1]);
  return child;
}

/// Reads until the child has said all (true), the deadline, or a stop request.
bool listen(Child& child, const Deadline& deadline, bool stoppable) {
  std::array<char, 8192> bytes{};
  while (child.from.valid() && !(stoppable && Stop::requested())) {
    std::array<pollfd, 2> wait{
        {{child.from.get(), POLLIN, 0}, {stoppable ? Stop::fd() : -1, POLLIN, 0}}};
    const int ready = ::poll(wait.data(), wait.size(), static_cast<int>(deadline.left().count()));
    if (ready == 0) return false;
    if (ready < 0 || wait[0].revents == 0) continue;
    const auto got = ::read(child.from.get(), bytes.data(), bytes.size());
    if (got == 0) return true;
    if (got > 0)
      child.text.append(bytes.data(), static_cast<std::size_t>(got));
    else if (errno != EINTR)
      return false;
  }
  return false;
}

/// A child that is still at work is asked to stop first: it ends the programs that it has started.
void end(Child& child, bool done) {
  if (child.pid <= 0) return;
  if (!done) {
    ::kill(child.pid, SIGTERM);
    (void)listen(child, Deadline(std::chrono::seconds(3)), false);
  }
  ::kill(child.pid, SIGKILL);  // gone already, as a rule
  while (::waitpid(child.pid, nullptr, 0) < 0 && errno == EINTR) {
  }
}

}  // namespace

std::vector<std::vector<Check>> examine_all(const std::vector<Examination>& all, Millis timeout) {
  const Deadline deadline(
      timeout + std::chrono::seconds(2));  // each keeps its own: this is for one that does not
  std::vector<Child> children;
  for (const auto& one : all) children.push_back(begin(one));
  std::vector<std::vector<Check>> out;
  for (std::size_t i = 0; i < all.size(); ++i) {
    end(children[i], listen(children[i], deadline, true));
    const auto json = Json::parse(children[i].text);
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
