#include "plugins/git/git_doctor.hpp"

#include <fmt/format.h>

#include <cdctl/text.hpp>

#include "plugins/git/git_command.hpp"
#include "plugins/git/git_source.hpp"

namespace cdctl::git {

namespace {

using State = Check::State;

Check program(const Deadline& deadline) {
  GitCall call;
  call.args = {"version"};
  call.deadline = deadline;
  const auto version = git_output(call);
  if (!version) return {"git", State::bad, version.error().what, "apt install git"};
  return {"git", State::ok, printable(version->substr(0, version->find('\n')), 60), ""};
}

}  // namespace

std::vector<Check> GitDoctor::do_examine(const Deadline& deadline) {
  std::vector<Check> out{program(deadline)};
  if (out.front().state != State::ok) return out;
  std::vector<SourceConfig> sources;
  for (const auto& service : host_.config().services)
    for (const auto& source : service.sources)
      if (source.kind == "git") sources.push_back(source);
  if (sources.empty()) return out;
  const auto states = GitSource(host_).newest(sources, deadline);
  for (std::size_t i = 0; i < sources.size(); ++i) {
    const auto what = fmt::format("{} of {}", sources[i].name, sources[i].service);
    if (states[i])
      out.push_back({what, State::ok, printable(states[i]->revision.substr(0, 12)), ""});
    else
      out.push_back({what, State::unknown, states[i].error().what,
                     "check the address and branch in the service's file, and that this machine "
                     "may read it"});
  }
  return out;
}

}  // namespace cdctl::git
