// bench-worker QUEUE LEDGER: a worker that does nothing with its jobs but write down when each
// came.
//
// The ledger gets lines of one write each, times in microseconds since 1970: `open US SET UNIT`
// when it consumes, `job US SET UNIT` for each delivery, and `closed US SET UNIT` when the broker
// has ended its connection.

#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <thread>

#include "link.hpp"

namespace {

using std::chrono::milliseconds;

constexpr milliseconds k_first_pause(20), k_longest_pause(200);

class Ledger {
 public:
  explicit Ledger(const char* path)
      : fd_(::open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600)),
        me_(demo::environment("CDCTL_SET") + " " + demo::environment("CDCTL_UNIT")) {}
  [[nodiscard]] bool note(const char* event) const {
    using namespace std::chrono;
    const auto time = duration_cast<microseconds>(system_clock::now().time_since_epoch()).count();
    const std::string line = std::string(event) + " " + std::to_string(time) + " " + me_ + "\n";
    return ::write(fd_, line.data(), line.size()) == static_cast<ssize_t>(line.size());
  }

 private:
  int fd_;  // open as long as the program runs
  std::string me_;
};

std::string connect(demo::Link& link, const std::string& queue) {
  if (auto error = link.open(demo::environment("AMQP_URL"), "bench-worker"); !error.empty())
    return error;
  amqp_basic_qos(link.get(), 1, 0, 20, 0);
  if (auto error = link.check("prefetch"); !error.empty()) return error;
  amqp_basic_consume(link.get(), 1, demo::bytes(queue), amqp_empty_bytes, 0, 0, 0,
                     amqp_empty_table);
  return link.check("consume");
}

/// Takes jobs until the connection ends; false when nothing can be written down any more.
bool consume(demo::Link& link, const Ledger& ledger) {
  const auto patience =
      demo::to_timeval(milliseconds(200));  // how late a stop request may be noticed
  while (!demo::stop_requested()) {
    amqp_maybe_release_buffers(link.get());
    amqp_envelope_t envelope;
    const auto reply = amqp_consume_message(link.get(), &envelope, &patience, 0);
    if (reply.reply_type != AMQP_RESPONSE_NORMAL) {
      if (reply.library_error == AMQP_STATUS_TIMEOUT) continue;
      return true;
    }
    const bool noted = ledger.note("job");
    amqp_basic_ack(link.get(), 1, envelope.delivery_tag, 0);
    amqp_destroy_envelope(&envelope);
    if (!noted) return false;
  }
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fputs("usage: bench-worker QUEUE LEDGER\n", stderr);
    return 2;
  }
  demo::catch_stop();
  const Ledger ledger(argv[2]);
  demo::Link link;
  auto pause = k_first_pause;
  while (!demo::stop_requested()) {
    if (connect(link, argv[1]).empty()) {
      pause = k_first_pause;
      if (!ledger.note("open") || !consume(link, ledger) || !ledger.note("closed")) {
        std::fprintf(stderr, "bench-worker: cannot write to %s\n", argv[2]);
        return 1;
      }
    }
    link.close();
    std::this_thread::sleep_for(pause);  // between two tries to connect
    pause = std::min(pause * 2, k_longest_pause);
  }
}
