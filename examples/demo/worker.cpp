// demo-worker QUEUE LEDGER [JOB_MS]
//
// A worker as people write them: it knows $AMQP_URL, takes jobs off a queue, works on each for
// JOB_MS milliseconds, writes it down and acknowledges it; when it loses the broker it tries again
// and again. A file `mode` in its working directory that says `busted` makes it fail every third
// job: it raises a critical signal, then gives the job back, or (every ninth job) dies. `sour`
// makes it give back two jobs of three and say nothing.
//
// The ledger gets `delivery MS JOB SET UNIT`, `done …`, `signal …`, and `refused MS SET UNIT
// REASON`.

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <thread>

#include "link.hpp"

namespace {

using std::chrono::milliseconds;

struct Identity {
  std::string service = demo::environment("CDCTL_SERVICE", "demo");
  std::string revision = demo::environment("CDCTL_REVISION", "r0000000000");
  std::string set = demo::environment("CDCTL_SET", "demo-r0000000000");
  std::string unit = demo::environment("CDCTL_UNIT", "0");
};

class Worker {
 public:
  Worker(std::string queue, const std::string& ledger, milliseconds job_time,
         const std::string& mode)
      : queue_(std::move(queue)),
        ledger_(ledger),
        job_time_(job_time),
        busted_(mode == "busted"),
        sour_(mode == "sour") {}

  /// Works until it is asked to stop, or dies of a bad job.
  int run();

 private:
  [[nodiscard]] std::string connect();
  [[nodiscard]] std::string consume();
  [[nodiscard]] std::string handle(const amqp_envelope_t& envelope);
  [[nodiscard]] std::string fail(const std::string& job, std::uint64_t tag);
  [[nodiscard]] std::string give_back(std::uint64_t tag);
  [[nodiscard]] std::string raise_signal(const std::string& job);
  [[nodiscard]] std::string about(const std::string& job) const {
    return job + " " + me_.set + " " + me_.unit;
  }

  Identity me_;
  std::string queue_;
  demo::Ledger ledger_;
  milliseconds job_time_;
  bool busted_, sour_;
  std::uint64_t jobs_ = 0;
  demo::Link link_;
};

std::string Worker::connect() {
  constexpr std::uint16_t prefetch = 10;
  if (auto error = link_.open(demo::environment("AMQP_URL"), me_.set + "/" + me_.unit);
      !error.empty())
    return error;
  amqp_basic_qos(link_.get(), 1, 0, prefetch, 0);
  if (auto error = link_.check("prefetch"); !error.empty()) return error;
  amqp_basic_consume(link_.get(), 1, demo::bytes(queue_), amqp_empty_bytes, 0, 0, 0,
                     amqp_empty_table);
  return link_.check("consume " + queue_);
}

std::string Worker::raise_signal(const std::string& job) {
  // Channel 2 is a transaction: when the commit returns, the broker has the signal, even if we die
  // next.
  if (auto error = link_.open_channel(2); !error.empty()) return error;
  amqp_tx_select(link_.get(), 2);
  const std::string id =
      me_.set + "-" + me_.unit + "-" + std::to_string(demo::now_ms()) + "-" + job;
  const std::string body =
      R"({"specversion":"1.0","type":"org.cdctl.signal.raised.v1","datacontenttype":"application/json","id":")" +
      id + R"(","source":"/)" + me_.service + "/" + me_.revision + "/" + me_.unit +
      R"(","subject":")" + me_.set +
      R"(","data":{"schema":"cdctl.signal/1","severity":"critical","signal":"job-failed","unit":")" +
      me_.unit + R"(","message":"cannot do )" + job + R"("}})";
  amqp_basic_properties_t properties{};
  properties._flags = AMQP_BASIC_CONTENT_TYPE_FLAG | AMQP_BASIC_DELIVERY_MODE_FLAG |
                      AMQP_BASIC_MESSAGE_ID_FLAG | AMQP_BASIC_USER_ID_FLAG;
  properties.content_type = amqp_cstring_bytes("application/cloudevents+json");
  properties.delivery_mode = 2;
  properties.message_id = demo::bytes(id);
  properties.user_id = demo::bytes(link_.user());  // or nobody hears it
  const std::string key = me_.service + "." + me_.revision + ".critical";
  ledger_.note("signal", about(job));
  amqp_basic_publish(link_.get(), 2, amqp_cstring_bytes("cdctl.signals"), demo::bytes(key), 0, 0,
                     &properties, demo::bytes(body));
  amqp_tx_commit(link_.get(), 2);
  if (auto error = link_.check("signal"); !error.empty()) return error;
  amqp_channel_close(link_.get(), 2, AMQP_REPLY_SUCCESS);
  return link_.check("signal");
}

std::string Worker::fail(const std::string& job, std::uint64_t tag) {
  if (auto error = raise_signal(job); !error.empty()) return error;
  if (jobs_ % 9 == 0) {
    std::fprintf(stderr, "%s: this job kills me\n", job.c_str());
    std::_Exit(1);
  }
  return give_back(tag);
}

std::string Worker::give_back(std::uint64_t tag) {
  const int status = amqp_basic_reject(link_.get(), 1, tag, 1);
  return status == AMQP_STATUS_OK ? "" : std::string("reject: ") + amqp_error_string2(status);
}

std::string Worker::handle(const amqp_envelope_t& envelope) {
  const std::string job = demo::text(envelope.message.body);
  ledger_.note("delivery", about(job));
  ++jobs_;
  std::this_thread::sleep_for(job_time_);  // the work
  if (busted_ && jobs_ % 3 == 0) return fail(job, envelope.delivery_tag);
  if (sour_ && jobs_ % 3 != 0) return give_back(envelope.delivery_tag);
  ledger_.note("done", about(job));
  const int status = amqp_basic_ack(link_.get(), 1, envelope.delivery_tag, 0);
  return status == AMQP_STATUS_OK ? "" : std::string("acknowledge: ") + amqp_error_string2(status);
}

std::string Worker::consume() {
  const auto patience =
      demo::to_timeval(milliseconds(200));  // how late a stop request may be noticed
  while (!demo::stop_requested()) {
    amqp_maybe_release_buffers(link_.get());
    amqp_envelope_t envelope;
    const auto reply = amqp_consume_message(link_.get(), &envelope, &patience, 0);
    if (reply.reply_type == AMQP_RESPONSE_NORMAL) {
      auto error = handle(envelope);
      amqp_destroy_envelope(&envelope);
      if (!error.empty()) return error;
    } else if (reply.library_error != AMQP_STATUS_TIMEOUT) {
      return std::string("consume: ") + amqp_error_string2(reply.library_error);
    }
  }
  return {};
}

int Worker::run() {
  milliseconds pause(50);
  while (!demo::stop_requested()) {
    std::string error = connect();
    if (error.empty()) {
      pause = milliseconds(50);
      error = consume();
    } else {
      ledger_.note("refused", me_.set + " " + me_.unit + " " + error);
    }
    link_.close();
    if (error.empty()) continue;
    std::fprintf(stderr, "%s; again in %lld ms\n", error.c_str(),
                 static_cast<long long>(pause.count()));
    std::this_thread::sleep_for(pause);
    pause = std::min(pause * 2, milliseconds(500));
  }
  return 0;
}

std::string mode_of_trunk() {
  std::ifstream file("mode");
  std::string mode;
  file >> mode;
  return mode;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3 || argc > 4) {
    std::fputs("usage: demo-worker QUEUE LEDGER [JOB_MS]\n", stderr);
    return 2;
  }
  demo::catch_stop();
  return Worker(argv[1], argv[2], milliseconds(argc > 3 ? std::atoi(argv[3]) : 5), mode_of_trunk())
      .run();
}
