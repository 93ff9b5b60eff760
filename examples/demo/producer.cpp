// demo-producer QUEUE LEDGER COUNT PER_SECOND
//
// Publishes COUNT persistent jobs at a steady rate, with publisher confirms, to a queue that it
// waits for (a minute at most). The ledger gets `sent MS JOB` and `confirmed MS JOB`. At the end
// one line on stdout counts both. Exit status 0 when every job was confirmed, 1 otherwise. After a
// lost connection it goes on with the next job; what was not confirmed stays so.

#include <cstdio>
#include <cstdlib>
#include <map>
#include <thread>

#include "link.hpp"

namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

class Producer {
 public:
  Producer(std::string queue, const std::string& ledger)
      : queue_(std::move(queue)), ledger_(ledger) {}
  int run(std::int64_t count, double per_second);

 private:
  [[nodiscard]] bool connected();
  [[nodiscard]] bool connect_before(Clock::time_point end);
  void publish(std::int64_t number);
  void read_confirms(Clock::time_point until);
  void confirm(std::uint64_t tag, bool multiple);
  void take_back(const amqp_basic_properties_t& properties);
  void lose(const char* why);

  std::string queue_;
  demo::Ledger ledger_;
  demo::Link link_;
  std::string error_;                             ///< why connected() failed
  std::uint64_t next_tag_ = 1;                    ///< the broker counts from 1 in each channel
  std::map<std::uint64_t, std::string> waiting_;  ///< by delivery tag: sent, not confirmed yet
  std::int64_t sent_ = 0, confirmed_ = 0, refused_ = 0;
};

void Producer::lose(const char* why) {
  std::fprintf(stderr, "demo-producer: %s\n", why);
  link_.close();
  waiting_.clear();
}

bool Producer::connected() {
  if (link_.is_open()) return true;
  error_ = link_.open(demo::environment("AMQP_URL"), "demo-producer");
  if (!error_.empty()) return false;
  amqp_queue_declare(link_.get(), 1, demo::bytes(queue_), 1, 0, 0, 0,
                     amqp_empty_table);  // passive: is it there?
  error_ = link_.check("queue " + queue_);
  if (error_.empty()) {
    amqp_confirm_select(link_.get(), 1);
    error_ = link_.check("confirms");
  }
  if (!error_.empty()) link_.close();
  next_tag_ = 1;
  return error_.empty();
}

bool Producer::connect_before(Clock::time_point end) {
  while (!connected()) {
    if (Clock::now() >= end || demo::stop_requested()) {
      std::fprintf(stderr, "demo-producer: %s\n", error_.c_str());
      return false;
    }
    std::this_thread::sleep_for(milliseconds(100));
  }
  return true;
}

void Producer::publish(std::int64_t number) {
  char job[32];
  std::snprintf(job, sizeof job, "job-%06lld", static_cast<long long>(number));
  amqp_basic_properties_t properties{};
  properties._flags = AMQP_BASIC_DELIVERY_MODE_FLAG | AMQP_BASIC_MESSAGE_ID_FLAG;
  properties.delivery_mode = 2;
  properties.message_id = demo::bytes(job);
  const int status = amqp_basic_publish(link_.get(), 1, amqp_empty_bytes, demo::bytes(queue_), 1, 0,
                                        &properties, demo::bytes(job));
  if (status != AMQP_STATUS_OK) return lose(amqp_error_string2(status));
  ledger_.note("sent", job);
  ++sent_;
  waiting_[next_tag_++] = job;
}

void Producer::confirm(std::uint64_t tag, bool multiple) {
  const auto last = waiting_.upper_bound(tag);
  for (auto at = multiple ? waiting_.begin() : waiting_.find(tag);
       at != last && at != waiting_.end(); at = waiting_.erase(at)) {
    ledger_.note("confirmed", at->second);
    ++confirmed_;
  }
}

/// A returned job: no queue has it. The broker confirms it all the same, and that must not count.
void Producer::take_back(const amqp_basic_properties_t& properties) {
  refused_ += static_cast<std::int64_t>(
      std::erase_if(waiting_, [job = demo::text(properties.message_id)](const auto& entry) {
        return entry.second == job;
      }));
}

/// Takes what the broker says until the time comes; at least what is there already.
void Producer::read_confirms(Clock::time_point until) {
  while (link_.is_open()) {
    const auto left =
        std::max(milliseconds(0), std::chrono::duration_cast<milliseconds>(until - Clock::now()));
    const auto patience = demo::to_timeval(left);
    amqp_frame_t frame;
    amqp_maybe_release_buffers(link_.get());
    const int status = amqp_simple_wait_frame_noblock(link_.get(), &frame, &patience);
    if (status == AMQP_STATUS_TIMEOUT) return;
    if (status != AMQP_STATUS_OK) return lose(amqp_error_string2(status));
    if (frame.frame_type == AMQP_FRAME_HEADER)
      take_back(*static_cast<amqp_basic_properties_t*>(frame.payload.properties.decoded));
    if (frame.frame_type != AMQP_FRAME_METHOD) continue;
    if (frame.payload.method.id == AMQP_BASIC_ACK_METHOD) {
      const auto* ack = static_cast<amqp_basic_ack_t*>(frame.payload.method.decoded);
      confirm(ack->delivery_tag, ack->multiple);
    } else if (frame.payload.method.id == AMQP_BASIC_NACK_METHOD) {
      waiting_.erase(static_cast<amqp_basic_nack_t*>(frame.payload.method.decoded)->delivery_tag);
      ++refused_;
    } else if (frame.payload.method.id != AMQP_BASIC_RETURN_METHOD) {
      return lose("the broker closed the connection");
    }
    if (waiting_.empty() && left == milliseconds(0)) return;
  }
}

int Producer::run(std::int64_t count, double per_second) {
  if (!connect_before(Clock::now() + std::chrono::minutes(1))) return 1;
  const auto start = Clock::now();
  for (std::int64_t number = 1; number <= count && !demo::stop_requested(); ++number) {
    const auto due =
        start + std::chrono::duration_cast<Clock::duration>(
                    std::chrono::duration<double>(static_cast<double>(number) / per_second));
    read_confirms(due);
    if (!connect_before(Clock::now() + std::chrono::seconds(30))) break;
    publish(number);
  }
  const auto end = Clock::now() + std::chrono::seconds(10);
  while (!waiting_.empty() && Clock::now() < end)
    read_confirms(std::min(end, Clock::now() + milliseconds(20)));
  std::printf("sent %lld confirmed %lld refused %lld\n", static_cast<long long>(sent_),
              static_cast<long long>(confirmed_), static_cast<long long>(refused_));
  return confirmed_ == count ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  const auto count = argc == 5 ? std::atoll(argv[3]) : 0;
  const auto rate = argc == 5 ? std::atof(argv[4]) : 0;
  if (count <= 0 || rate <= 0) {
    std::fputs("usage: demo-producer QUEUE LEDGER COUNT PER_SECOND\n", stderr);
    return 2;
  }
  demo::catch_stop();
  return Producer(argv[1], argv[2]).run(count, rate);
}
