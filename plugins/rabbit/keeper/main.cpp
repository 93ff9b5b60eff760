// cdctl-keep QUEUE EXCHANGE RANK: keeps a process to one across the sets of its service. Started
// by the engine of a set (singleton.hpp), with the address of the broker in the environment as its
// units have it.

#include <charconv>
#include <csignal>
#include <cstdlib>
#include <string>
#include <string_view>

#include <unistd.h>

#include <fmt/format.h>

#include <cdctl/descriptors.hpp>
#include <cdctl/fs.hpp>
#include <cdctl/secret.hpp>
#include <cdctl/singleton.hpp>
#include <cdctl/text.hpp>

#include "plugins/rabbit/broker/settings.hpp"
#include "plugins/rabbit/broker/topology.hpp"
#include "plugins/rabbit/keeper/turn.hpp"

extern "C" cdctl::rabbit::AmqpDriver* cdctl_amqp_driver();

namespace {

using namespace cdctl;

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

/// As BrokerSettings::worker_env() has written it.
Result<rabbit::AmqpAddress> address_of_unit(const rabbit::Turn& turn) {
  CDCTL_TRY_ASSIGN(auto address, rabbit::parse_amqp_url(variable("AMQP_URL")));
  const auto nodes = variable("AMQP_NODES");
  for (std::string_view rest = nodes; !rest.empty();) {
    CDCTL_TRY_ASSIGN(const auto node, rabbit::parse_amqp_url(take_until(rest, ',')));
    if (node.shown() != address.shown()) address.also.push_back({node.host, node.port, node.tls});
  }
  address.ca_file = variable("AMQP_CA_FILE");
  address.name = fmt::format("{}{}", rabbit::k_keeper_connection, turn.queue);
  return address;
}

}  // namespace

int main(int argc, char** argv) {
  hold_standard_descriptors();
  leave_no_core();  // the password is in our memory
  ::signal(SIGPIPE, SIG_IGN);
  rabbit::Turn turn;
  const std::string_view rank = argc == 4 ? argv[3] : "";
  if (rank.empty() ||
      std::from_chars(rank.data(), rank.data() + rank.size(), turn.rank).ec != std::errc()) {
    (void)write_all(STDERR_FILENO,
                    "usage: cdctl-keep QUEUE EXCHANGE RANK (a set's engine starts it; it is not "
                    "meant to be called)\n");
    return 2;
  }
  turn.queue = argv[1];
  turn.exchange = argv[2];
  auto address = address_of_unit(turn);
  if (!address) {
    (void)write_all(STDOUT_FILENO,
                    std::string(k_keeper_note) + "AMQP_URL: " + address.error().what + "\n");
    return 3;
  }
  rabbit::TurnKeeper(*cdctl_amqp_driver(), std::move(*address), std::move(turn), STDIN_FILENO,
                     STDOUT_FILENO)
      .run();
  return 0;
}
