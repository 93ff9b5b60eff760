#include "plugins/juju/client/wait.hpp"

#include <csignal>
#include <random>

#include <fmt/format.h>

#include <cdctl/stop.hpp>

namespace cdctl::juju {

bool pause_before_repeat(int repeat, const Deadline& deadline) {
  std::minstd_rand random(std::random_device{}());
  const auto most = 150 << repeat;
  const Millis wait(std::uniform_int_distribution<int>(most / 2, most)(random));
  return deadline.left() > wait && pause_for(wait);
}

Result<> wait_a_while(Millis most, const Deadline& deadline, std::string_view doing) {
  if (pause_for(most, deadline)) return {};
  return fail(stopped(doing));
}

Error stopped(std::string_view doing, std::string_view cure) {
  return {Stop::signal() == SIGTERM ? ExitCode::terminated : ExitCode::interrupted,
          fmt::format("{}: interrupted{}{}", doing, cure.empty() ? "" : "; ", cure)};
}

}  // namespace cdctl::juju
